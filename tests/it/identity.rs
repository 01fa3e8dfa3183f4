//! Who is asking: signing in, sessions, keys and tokens, and what each may do.

mod credential;
mod guard;
mod limits;
mod link;
mod member;
mod page;
mod session;
