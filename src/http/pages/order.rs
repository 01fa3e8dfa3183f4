//! Which way a list goes: kept in the address as `sort=oldest`, and so in saved views and in the files that a list is had
//! as; turned round by the head of the column that it goes along.

use seatrial_store::Order;

use crate::render::view::{Filter, SelectOption, SortHead};

/// The parameter of the address.
pub const NAME: &str = "sort";
const OLDEST: &str = "oldest";

/// What an address asks for; the newest first where it says nothing that is known.
pub fn of(sort: Option<&str>) -> Order {
    if sort.map(str::trim) == Some(OLDEST) { Order::Oldest } else { Order::Newest }
}

/// What an address says of it; nothing where it is the usual order.
pub const fn said(order: Order) -> Option<&'static str> {
    match order {
        Order::Newest => None,
        Order::Oldest => Some(OLDEST),
    }
}

/// The same in words.
pub const fn words(order: Order) -> &'static str {
    match order {
        Order::Newest => "newest first",
        Order::Oldest => "oldest first",
    }
}

/// The head of the column along which the list goes. `href` is the list from its top in an order.
pub fn head(label: &str, order: Order, href: impl Fn(Option<&'static str>) -> String) -> SortHead {
    let (direction, other) = match order {
        Order::Newest => ("descending", Order::Oldest),
        Order::Oldest => ("ascending", Order::Newest),
    };
    SortHead { label: label.to_owned(), direction: direction.to_owned(), href: href(said(other)) }
}

/// The order as a field of the form above a list, so that a search keeps it.
pub fn field(order: Order) -> Filter {
    let option = |of: Order, label: &str| SelectOption::new(said(of).unwrap_or_default(), label).selected(of == order);
    Filter {
        name: NAME.to_owned(),
        label: "Order".to_owned(),
        options: vec![option(Order::Newest, "Newest first"), option(Order::Oldest, "Oldest first")],
        value: String::new(),
    }
}
