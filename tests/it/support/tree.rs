//! The repository as text: the files written by hand, for the tests that read the source itself.

use std::path::{Path, PathBuf};

/// Folders and files that nobody writes by hand.
const NOT_OURS: &[&str] =
    &["target", "node_modules", "dist", ".e2e", ".git", "Cargo.lock", "package-lock.json", "LICENSE"];

/// One file of the repository.
pub struct Source {
    /// Path from the repository's root, with forward slashes.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// Whether the file is in a folder, or is that file.
    pub fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path == *place || (place.ends_with('/') && self.path.starts_with(place)))
    }

    /// How the name ends, without the dot; empty where there is no ending.
    pub fn ending(&self) -> &str {
        Path::new(&self.path).extension().and_then(|ending| ending.to_str()).unwrap_or_default()
    }

    /// The lines that are code, numbered from 1: neither a comment of their own nor empty.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//") && !line.trim().is_empty())
    }
}

/// Every text file of the repository, sorted by path.
pub fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    walk(root, root, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 50, "the walk over {} found only {} files", root.display(), found.len());
    found
}

/// The Rust files.
pub fn rust() -> Vec<Source> {
    sources().into_iter().filter(|source| source.ending() == "rs").collect()
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).expect("the repository can be listed") {
        let path: PathBuf = entry.expect("the repository can be listed").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if NOT_OURS.contains(&name) || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, found);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let relative = path.strip_prefix(root).expect("the walk stays below the root");
            found.push(Source { path: relative.to_string_lossy().replace('\\', "/"), text });
        }
    }
}
