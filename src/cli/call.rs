//! `seatrial call`: any operation of the API by its id, so that whatever a page can do, a terminal can.
//!
//! The description of this version says where an operation is asked and what it takes; nothing is listed here.

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;

use clap::Args;
use reqwest::Method;
use serde_json::Value;

use super::client::{Client, ServiceArguments};
use super::exit::{Exit, Failure};
use super::format::Format;
use super::printer;

/// What `seatrial call` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    service: ServiceArguments,
    /// The project, by its name in URLs.
    #[arg(long, value_name = "NAME", env = "SEATRIAL_PROJECT")]
    project: Option<String>,
    /// The operation, by its id; `seatrial openapi` describes all of them.
    operation: String,
    /// What it is asked with, as NAME=VALUE: parts of its address and of its query.
    #[arg(value_name = "NAME=VALUE", value_parser = pair)]
    with: Vec<(String, String)>,
    /// A file with the JSON it is sent, `-` for standard input.
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// How to print the answer; as text, JSON on several lines.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let split = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = split.ok_or_else(|| "write it as NAME=VALUE, such as run=run_…".to_owned())?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Where an operation is asked.
struct Place {
    method: Method,
    path: String,
    query: Vec<String>,
    takes_body: bool,
}

/// Does what the arguments ask.
///
/// # Errors
/// When there is no such operation, something it is asked with is missing or nothing of it, the service cannot be reached,
/// or it refuses.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let place = place(&arguments.operation)?;
    let (path, query) = address(&place, arguments.project.as_deref(), &arguments.with)?;
    let body = match (&arguments.body, place.takes_body) {
        (None, _) => None,
        (Some(_), false) => return Err(Failure::usage(format!("{} takes no body", arguments.operation))),
        (Some(file), true) => Some(read(file)?),
    };
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = Client::new(&arguments.service)?.request(place.method, &path, &query, body.as_ref()).await?;
    if answer.is_empty() {
        printer::say("Done.");
        return Ok(Exit::Ok);
    }
    match serde_json::from_slice::<Value>(&answer) {
        Ok(value) => {
            let lines = serde_json::to_string_pretty(&value).map_err(Failure::new)?;
            arguments.format.print(&value, || printer::data(&lines))?;
        }
        // A document, lines or a table: as it is.
        Err(_) => printer::document(&String::from_utf8_lossy(&answer)),
    }
    Ok(Exit::Ok)
}

fn place(id: &str) -> Result<Place, Failure> {
    let document: Value = serde_json::from_str(&crate::http::openapi::json()).map_err(Failure::new)?;
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            if operation["operationId"] != id {
                continue;
            }
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let query = parameters.filter(|parameter| parameter["in"] == "query");
            return Ok(Place {
                method: Method::from_bytes(method.to_uppercase().as_bytes()).map_err(Failure::new)?,
                path: path.clone(),
                query: query.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect(),
                takes_body: operation.get("requestBody").is_some(),
            });
        }
    }
    Err(Failure::usage(format!(
        "there is no operation {}; `seatrial openapi` describes all of them",
        printer::safe(id)
    )))
}

type Address = (Vec<String>, Vec<(String, String)>);

/// The segments of the address after `/api/v1`, and the query.
fn address(place: &Place, project: Option<&str>, with: &[(String, String)]) -> Result<Address, Failure> {
    let given = |name: &str| {
        let found = with.iter().find(|(of, _)| of == name).map(|(_, value)| value.clone());
        found.or_else(|| project.filter(|_| name == "project").map(str::to_owned))
    };
    let mut names = Vec::new();
    let mut segments = Vec::new();
    for part in place.path.trim_start_matches("/api/v1/").split('/') {
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => {
                let value = given(name).filter(|value| !value.is_empty());
                segments.push(value.ok_or_else(|| Failure::usage(format!("say which: {name}=…")))?);
                names.push(name);
            }
            None => segments.push(part.to_owned()),
        }
    }
    let rest = with.iter().filter(|(name, _)| !names.contains(&name.as_str()));
    let query = rest.map(|(name, value)| {
        if place.query.contains(name) {
            return Ok((name.clone(), value.clone()));
        }
        let known = [names.iter().map(|name| (*name).to_owned()).collect(), place.query.clone()].concat().join(", ");
        Err(Failure::usage(format!("it is not asked with {}, but with: {known}", printer::safe(name))))
    });
    Ok((segments, query.collect::<Result<_, _>>()?))
}

/// Reads a JSON body.
///
/// # Errors
/// When it cannot be read or is no JSON.
pub(super) fn read(file: &PathBuf) -> Result<Value, Failure> {
    let unreadable = |error: std::io::Error| Failure::new(format!("{} cannot be read: {error}", file.display()));
    let mut text = String::new();
    if file.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).map_err(unreadable)?;
    } else {
        text = fs::read_to_string(file).map_err(unreadable)?;
    }
    serde_json::from_str(&text).map_err(|error| Failure::new(format!("{} is no JSON: {error}", file.display())))
}
