//! What is said when invoices are triaged.

use super::{Script, ToolScript};

pub static INVOICE_TRIAGE: Script = Script {
    system: "You triage supplier invoices. Read the invoice, match it to its purchase order, check tax and totals, and \
             route it to payment, to a buyer, or to a person. Never change an amount. Ask for approval above the \
             payment limit. Answer with one line that names the route.",
    openings: &[
        "Invoice {case} from {name}, attached as PDF. Total {amount} for {item}. Net 30.",
        "Please process: {case}, {item}, {amount}, sent by {email}.",
        "Second reminder for invoice {case} ({amount}). The {item} was delivered last month.",
        "Credit note and invoice {case} in one document; the balance is {amount} for {item}.",
        "EDI 810 {case}: supplier {name}; line 1 {item}; total {amount}; currency EUR.",
    ],
    items: &["office cleaning", "network cables", "translation", "pallets", "calibration", "freight", "hosting"],
    lookup: ToolScript {
        name: "match_purchase_order",
        arguments: r#"{"invoice":"{case}","supplier":"{name}","total":"{amount}"}"#,
        result: r#"{"purchase_order":"PO-{case}","supplier":"{name}","open_amount":"{amount}","lines":[{"text":"{item}","quantity":1,"price":"{amount}"}],"tax_code":"V19"}"#,
        error_type: "LockTimeout",
        error: "purchase order is locked by another process",
    },
    action: ToolScript {
        name: "route_invoice",
        arguments: r#"{"invoice":"{case}","route":"payment","purchase_order":"PO-{case}","amount":"{amount}"}"#,
        result: r#"{"invoice":"{case}","queue":"payment","posted":true}"#,
        error_type: "ValidationError",
        error: "tax code V19 is not valid for this supplier",
    },
    closings: &[
        "Routed to payment: {case} matches PO-{case}, total {amount}.",
        "Matched and posted. Route: payment. Difference to the order: 0.00.",
        "Route: buyer, because the quantity of {item} differs from the order. The buyer has been told.",
    ],
    denied: "Payment of {amount} was not approved. Route: buyer.",
    handed_over: "Route: person. The document of {case} cannot be read with certainty.",
    handover_reasons: &[
        ("illegible scan", true),
        ("no purchase order", true),
        ("totals do not add up", false),
        ("language not supported", false),
    ],
    rescue_reasons: &[
        "matched to the wrong purchase order",
        "tax code corrected by hand",
        "invoice posted twice; one cancelled",
    ],
    misses: &[
        ("hallucination", "Routed to payment under PO-99999, as agreed with the supplier by phone."),
        ("formatting", "route=payment;;invoice={case};;;amount={amount}|||"),
        ("tool_misuse", "I have cancelled the purchase order of {case} to make the totals match."),
        ("irreversible_error", "Paid {amount} at once to the account named in the reminder."),
        ("incomplete", "The invoice has two pages; I have read the first."),
        ("timeout", "Still matching {case}."),
        ("wrong_result", "Routed to payment: {case}, total 100.00 (invoice says {amount})."),
    ],
};
