//! The walls of the house, read from the source itself: who may name which crate, which way the arrows point, what stays out of templates, how
//! long files and functions may be. An exception is named here with its reason, so that adding one is a reviewed change.

use crate::support::tree::{Source, rust, sources};

/// A word that only some places may name.
struct Wall {
    word: &'static str,
    /// Folders end in a slash.
    only_in: &'static [&'static str],
    reason: &'static str,
}

const TESTS: &str = "tests/";
const BENCHES: &str = "benches/";

/// A test or a bench talks to whoever runs it.
const PRINTING: &[&str] = &["src/cli/printer.rs", BENCHES, TESTS, "src/domain/tests/"];

const WALLS: &[Wall] = &[
    Wall { word: "sea_orm", only_in: &["src/store/"], reason: "a query outside the store does not exist" },
    Wall { word: "sea_query", only_in: &["src/store/"], reason: "a query outside the store does not exist" },
    Wall {
        word: "sqlx",
        only_in: &["src/store/", "tests/it/support/sql.rs", "tests/it/migrations.rs", BENCHES],
        reason: "a query outside the store does not exist; a bench's reference and the tests of the database itself may",
    },
    Wall {
        word: "actix_web",
        only_in: &["src/http/", TESTS, BENCHES],
        reason: "HTTP is spoken in http only; a bench's reference may",
    },
    Wall {
        word: "utoipa",
        only_in: &["src/http/", "src/app/", "src/domain/", "src/render/"],
        reason: "the API is described in http; below it schemas are derived, of the documents too",
    },
    Wall {
        word: "handlebars",
        only_in: &["src/render/", "src/render.rs"],
        reason: "templates are rendered in one place, strictly and escaped",
    },
    Wall { word: "lettre", only_in: &["src/notify/", TESTS], reason: "mail leaves through the outbox" },
    Wall { word: "jsonwebtoken", only_in: &["src/auth/", TESTS], reason: "tokens are made and checked in auth" },
    Wall { word: "argon2", only_in: &["src/auth/", TESTS], reason: "passwords are hashed and checked in auth" },
    Wall { word: "clap", only_in: &["src/cli/", "src/main.rs", BENCHES], reason: "flags are read by the command line" },
    Wall {
        word: "reqwest",
        only_in: &["src/notify/", "src/cli/", TESTS, BENCHES],
        reason: "calls out go through the guarded client",
    },
    Wall { word: "println!", only_in: PRINTING, reason: "only the printer writes to a terminal" },
    Wall { word: "print!", only_in: PRINTING, reason: "only the printer writes to a terminal" },
    Wall { word: "eprintln!", only_in: PRINTING, reason: "only the printer writes to a terminal" },
    Wall { word: "eprint!", only_in: PRINTING, reason: "only the printer writes to a terminal" },
    Wall { word: "dbg!", only_in: &[], reason: "left over from a search for a fault" },
];

/// What a layer must not name: the arrows point downwards, and nothing points back.
const ARROWS: &[(&str, &[&str])] = &[
    (
        "src/domain/",
        &["tokio", "std::fs", "std::net", "std::env", "std::process", "std::thread", "SystemTime", "Instant"],
    ),
    ("src/store/", &["seatrial::", "actix", "reqwest"]),
    ("src/ingest/", &["crate::app", "crate::http", "crate::worker", "crate::cli", "crate::render", "seatrial_store"]),
    ("src/notify/", &["crate::http", "crate::worker", "crate::cli", "seatrial_store"]),
    ("src/auth/", &["crate::http", "crate::worker", "crate::cli", "crate::render", "seatrial_store"]),
    (
        "src/render/",
        &["crate::app", "crate::http", "crate::worker", "crate::cli", "crate::auth", "crate::notify", "seatrial_store"],
    ),
    ("src/app/", &["crate::http", "crate::worker", "crate::cli"]),
    ("src/worker/", &["crate::http", "crate::cli"]),
    ("src/http/", &["crate::worker", "crate::cli"]),
];

/// Templates that may put text into a page unescaped, each read for what reaches it.
const UNESCAPED: &[&str] = &[
    // A chart, which only render::svg makes, out of numbers and escaped labels.
    "web/templates/partials/chart.hbs",
    // HTML of render::markdown: raw HTML off, URL schemes on a list.
    "web/templates/partials/markdown.hbs",
];

/// Files longer than `LINES`, each with the reason why a cut would make it worse. None is longer than `LINES_AT_MOST`.
const LONG_FILES: &[(&str, &str)] = &[("src/domain/signal.rs", "holds the one table that defines every signal")];
const LINES: usize = 400;
const LINES_AT_MOST: usize = 600;

/// Functions longer than `FUNCTION_LINES`, as "path::name", each with the reason why a cut would make it worse.
const LONG_FUNCTIONS: &[(&str, &str)] =
    &[("src/domain/signal.rs::definition", "one table, an entry per signal, read as a whole")];
const FUNCTION_LINES: usize = 70;

/// Fails with every breach at once: a list is mended faster than one line after the other.
fn none(what: &str, breaches: &[String]) {
    assert!(breaches.is_empty(), "{what}\n  {}", breaches.join("\n  "));
}

/// Whether a line names `word` as a word of its own, not as a part of a longer one.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !part(before) && (!part(after) || word.ends_with([':', '!']))
    })
}

fn breaches<'a>(files: impl IntoIterator<Item = &'a Source>, words: &[&str], reason: &str) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        for (number, line) in file.code() {
            for word in words.iter().filter(|word| names(line, word)) {
                found.push(format!("{}:{number} names {word}: {reason}", file.path));
            }
        }
    }
    found
}

#[test]
fn crates_are_named_where_they_belong() {
    let files = rust();
    let mut found = Vec::new();
    for wall in WALLS {
        // This file names them all.
        let outside = files.iter().filter(|file| !file.is_in(wall.only_in) && file.path != "tests/it/tidy.rs");
        found.extend(breaches(outside, &[wall.word], wall.reason));
    }
    none("A crate or macro is named where it does not belong:", &found);
}

#[test]
fn the_arrows_point_downwards() {
    let files = rust();
    let mut found = Vec::new();
    for (layer, words) in ARROWS {
        let inside = files.iter().filter(|file| file.is_in(&[layer]) && !file.path.starts_with("src/domain/tests/"));
        found.extend(breaches(
            inside,
            words,
            "a lower layer does not know what is above it, and the domain does no I/O",
        ));
    }
    // The ports are declared in app and implemented below it: that is what they are for.
    found.retain(|breach| !breach.contains("names crate::app:") || !is_port(&files, breach));
    none("A layer names what it must not know:", &found);
}

fn is_port(files: &[Source], breach: &str) -> bool {
    let mut parts = breach.split([':', ' ']);
    let (path, number) =
        (parts.next().unwrap_or_default(), parts.next().and_then(|number| number.parse().ok()).unwrap_or(0));
    let file = files.iter().find(|file| file.path == path);
    file.and_then(|file| file.text.lines().nth(number - 1)).is_some_and(|line| line.contains("crate::app::ports"))
}

#[test]
fn below_http_schemas_are_only_derived() {
    let files = rust();
    let below = files.iter().filter(|file| file.is_in(&["src/domain/", "src/app/"]));
    let lines = below.flat_map(|file| file.code().map(move |(number, line)| (file, number, line)));
    let other = lines.filter(|(_, _, line)| names(line, "utoipa") && !line.contains("utoipa::ToSchema"));
    let found: Vec<String> =
        other.map(|(file, number, line)| format!("{}:{number} {}", file.path, line.trim())).collect();
    none("Domain and app may derive utoipa::ToSchema and name nothing else of utoipa:", &found);
}

#[test]
fn api_handlers_are_collected_not_routed() {
    let files = rust();
    let api = files.iter().filter(|file| file.is_in(&["src/http/api/"]));
    let lines = api.flat_map(|file| file.code().map(move |(number, line)| (file, number, line)));
    let routed = lines.filter(|(_, _, line)| line.contains(".route(") || line.contains("web::resource("));
    let found: Vec<String> = routed.map(|(file, number, _)| format!("{}:{number}", file.path)).collect();
    none(
        "Only `service(handler)` is collected into openapi/seatrial.json; a `.route(` would be missing there:",
        &found,
    );
}

#[test]
fn templates_escape_and_obey_the_content_policy() {
    let mut found = Vec::new();
    for file in sources().iter().filter(|file| file.is_in(&["web/templates/"])) {
        let reviewed = UNESCAPED.contains(&file.path.as_str());
        for (index, line) in file.text.lines().enumerate() {
            let at = format!("{}:{}", file.path, index + 1);
            let unescaped = line.contains("{{{") || line.contains("{{&") || line.contains("{{~&");
            if unescaped && !reviewed {
                found.push(format!("{at} puts text in unescaped: text from runs is hostile"));
            }
            if line.contains(" style=\"") {
                found.push(format!("{at} has an inline style: the content-security policy refuses it"));
            }
            if line.contains("javascript:") || line.contains("hx-on") || has_handler(line) {
                found.push(format!("{at} has an inline script: the content-security policy refuses it"));
            }
        }
    }
    none("Templates:", &found);
}

/// Whether a tag has an attribute such as `onclick="`.
fn has_handler(line: &str) -> bool {
    line.match_indices(" on").any(|(at, _)| {
        let name: String = line[at + 1..].chars().take_while(char::is_ascii_lowercase).collect();
        name.len() > 3 && line[at + 1 + name.len()..].starts_with("=\"")
    })
}

#[test]
fn files_are_short() {
    let mut found = Vec::new();
    for file in sources().iter().filter(|file| ["rs", "ts", "mjs", "css", "hbs", "sql", "sh"].contains(&file.ending()))
    {
        let lines = file.text.lines().count();
        let excepted = LONG_FILES.iter().any(|(path, _)| *path == file.path);
        if lines > LINES_AT_MOST || (lines > LINES && !excepted) {
            found.push(format!("{} has {lines} lines", file.path));
        }
        if excepted && lines <= LINES {
            found.push(format!("{} has only {lines} lines: take it off the list of exceptions", file.path));
        }
    }
    none(&format!("Files of more than {LINES} lines; cut them at a seam:"), &found);
}

#[test]
fn functions_are_short() {
    let mut found = Vec::new();
    for file in rust() {
        for (name, number, lines) in functions(&file.text) {
            let full = format!("{}::{name}", file.path);
            if lines >= FUNCTION_LINES && !LONG_FUNCTIONS.iter().any(|(excepted, _)| *excepted == full) {
                found.push(format!("{}:{number} {name} has {lines} lines", file.path));
            }
        }
    }
    none(&format!("Functions of {FUNCTION_LINES} lines or more; give their parts names:"), &found);
}

/// Each function's name, first line and length. Relies on rustfmt: a body ends with the first brace at the indentation its `fn` line has.
fn functions(text: &str) -> Vec<(String, usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = &line[..line.len() - code.len()];
        let words: Vec<&str> = code.split(' ').collect();
        let Some(at) = words.iter().position(|word| *word == "fn") else { continue };
        let modifiers = ["pub", "pub(crate)", "pub(super)", "const", "async", "unsafe", "extern"];
        if !words[..at].iter().all(|word| modifiers.contains(word)) || line.ends_with(';') || line.ends_with("{}") {
            continue;
        }
        let name: String = words
            .get(at + 1)
            .map(|word| word.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
            .unwrap_or_default();
        let end = lines[start..].iter().position(|line| line.strip_prefix(indent) == Some("}"));
        if let Some(end) = end {
            found.push((name, start + 1, end + 1));
        }
    }
    found
}

#[test]
fn every_file_says_what_it_is_for() {
    let mut found = Vec::new();
    for file in sources() {
        let first = file.text.lines().find(|line| !line.starts_with("#!")).unwrap_or_default();
        let said = match file.ending() {
            "rs" => first.starts_with("//! ") && first.len() > 8,
            "ts" | "mjs" => first.starts_with("// "),
            "css" => first.starts_with("/*"),
            "sh" => first.starts_with("# "),
            "sql" => first.starts_with("-- "),
            _ => true,
        };
        if !said {
            found.push(format!("{} begins with: {first}", file.path));
        }
    }
    none("Files that do not begin by saying what they are for:", &found);
}

#[test]
fn rows_found_by_their_ids_are_not_looked_for_in_the_whole_project() {
    let by_id = |line: &str| line.trim_start().starts_with(".filter(") && line.contains("::Column::Id.is_in(");
    let of_project = |line: &str| line.contains("::Column::ProjectId.eq(scope.uuid())");
    let mut found = Vec::new();
    for file in rust().iter().filter(|file| file.path.starts_with("src/store/")) {
        let lines: Vec<_> = file.code().collect();
        for pair in lines.windows(2) {
            let [(number, one), (_, other)] = pair else { continue };
            if (of_project(one) && by_id(other)) || (by_id(one) && of_project(other)) {
                found.push(format!("{}:{number}", file.path));
            }
        }
    }
    none("Without statistics SQLite reads all rows of a project for these; say scope.owns(…) instead:", &found);
}

#[test]
fn no_test_is_switched_off() {
    let files = rust();
    let lines = files.iter().flat_map(|file| file.code().map(move |(number, line)| (file, number, line)));
    let off = lines.filter(|(_, _, line)| line.trim_start().starts_with("#[ignore"));
    let found: Vec<String> = off.map(|(file, number, _)| format!("{}:{number}", file.path)).collect();
    none("Nothing is skipped silently; mend the test or take it out:", &found);
}

#[test]
fn nothing_names_a_machine_or_a_registry() {
    // Put together here, so that this file does not name them either.
    let home = ["/ro", "/ho", "/Us", "/wo", "/tmp/w"]
        .iter()
        .zip(["ot/", "me/", "ers/", "rk/", "t/"])
        .map(|(a, b)| format!("{a}{b}"));
    let registries = [
        ("registry.", "npmjs"),
        ("registry.", "yarnpkg"),
        ("static.crates", ".io"),
        ("index.crates", ".io"),
        ("pypi", ".org"),
    ];
    let words: Vec<String> = home.chain(registries.iter().map(|(a, b)| format!("{a}{b}"))).collect();
    let mut found = Vec::new();
    for file in sources() {
        for (index, line) in file.text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(word.as_str())) {
                found.push(format!("{}:{} names {word}", file.path, index + 1));
            }
        }
    }
    none("Paths of one machine and hosts of registries do not belong in the repository:", &found);
}
