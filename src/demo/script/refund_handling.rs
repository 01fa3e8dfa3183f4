//! What is said when refunds are handled.

use super::{Script, ToolScript};

pub static REFUND_HANDLING: Script = Script {
    system: "You handle refund requests. Look the order up before you answer. Refund at most the amount paid, only \
             within 30 days of delivery, and only to the original means of payment. Ask for approval above 150. \
             Contract customers follow their contract: never promise anything beyond it. When unsure, hand over.",
    openings: &[
        "Hello, I am {name}. My order {case} arrived with a broken {item} and I would like my money back.",
        "I returned the {item} of order {case} two weeks ago and have not seen the {amount} yet.",
        "The {item} in {case} is not what I ordered. Please refund {amount}.",
        "I was charged twice for {case}. Can you refund one of the two payments of {amount}?",
        "The {item} never arrived. Order {case}. I want a refund, not another parcel.",
        "We cancelled the {item} on our contract before renewal and were still invoiced {amount} ({case}).",
    ],
    items: &["desk lamp", "coffee grinder", "monitor arm", "rain jacket", "annual licence", "keyboard", "backpack"],
    lookup: ToolScript {
        name: "lookup_order",
        arguments: r#"{"order_id":"{case}","include":["payments","delivery","contract"]}"#,
        result: r#"{"order_id":"{case}","customer":"{name}","item":"{item}","paid":"{amount}","status":"delivered","days_since_delivery":12,"payment_method":"card"}"#,
        error_type: "TimeoutError",
        error: "order service did not answer within 10 s",
    },
    action: ToolScript {
        name: "issue_refund",
        arguments: r#"{"order_id":"{case}","amount":"{amount}","method":"original","reason":"{item}"}"#,
        result: r#"{"refund_id":"rf-{case}","state":"accepted","amount":"{amount}"}"#,
        error_type: "PaymentGatewayError",
        error: "gateway answered 503 service unavailable",
    },
    closings: &[
        "I have refunded {amount} for the {item} to your original means of payment. It takes two to five days.",
        "Your refund of {amount} for order {case} is on its way, {name}.",
        "The payment of {amount} has been reversed; the reference is rf-{case}.",
    ],
    denied: "The refund of {amount} needed an approval, which was not given. I have noted the reason on {case}.",
    handed_over: "I have handed {case} to a colleague, who will answer you today.",
    handover_reasons: &[
        ("the customer asks for a person", true),
        ("amount above the limit", true),
        ("the order could not be found", false),
        ("the customer is upset", false),
    ],
    rescue_reasons: &[
        "refund paid to the wrong account",
        "promised more than the contract allows",
        "customer wrote again; the refund had not been paid",
        "wrong amount refunded",
    ],
    misses: &[
        ("policy_violation", "I have refunded {amount} although the 30 days had passed, as a courtesy."),
        (
            "unauthorised_commitment",
            "As a valued partner you will get the full contract value back, plus three months without charge.",
        ),
        ("missed_escalation", "I cannot find the account manager, so I have decided it myself: refund of {amount}."),
        ("irreversible_error", "Done: {amount} refunded twice to be sure it arrives. Reversal is not possible."),
        ("data_leak", "That order belongs to another customer, {name} ({email}); their card ends in 1111."),
        ("incomplete", "I will look into {case} and come back to you."),
        ("tool_misuse", "I have sent a new {item} instead of the refund."),
        ("timeout", "I need a little longer for {case}."),
        ("wrong_result", "Your refund of 0.00 for {case} has been issued."),
    ],
};
