//! `seatrial schema`: the JSON Schema of a document that leaves, as it is committed and served.

use clap::{Args, ValueEnum};

use super::exit::{Exit, Failure};
use super::printer;
use crate::render::document::Document;
use crate::render::schema::schema;

/// What `seatrial schema` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Which document.
    #[arg(value_enum)]
    document: Which,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Which {
    /// The review of a decision.
    Review,
    /// The incident review of a decision or an alert.
    Incident,
}

/// Prints it.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let document = match arguments.document {
        Which::Review => Document::Review,
        Which::Incident => Document::Incident,
    };
    printer::document(&format!("{:#}\n", schema(document).map_err(Failure::new)?));
    Ok(Exit::Ok)
}
