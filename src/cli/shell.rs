//! `seatrial completions` and `seatrial man`: for packagers and for one's own shell.

use clap::{Args, Command};
use clap_complete::Shell;

use super::exit::{Exit, Failure};
use super::printer;

/// What `seatrial completions` takes.
#[derive(Debug, Args)]
pub struct Completions {
    /// For which shell.
    shell: Shell,
}

/// Prints the completions of a shell.
///
/// # Errors
/// When they are no text.
pub fn completions(arguments: &Completions, mut command: Command) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "seatrial", &mut script);
    printer::document(&String::from_utf8(script).map_err(Failure::new)?);
    Ok(Exit::Ok)
}

/// Prints the manual: a page for the program and for each subcommand, one after the other, as `man` reads them.
///
/// # Errors
/// When a page cannot be written.
pub fn manual(mut command: Command) -> Result<Exit, Failure> {
    command.build();
    let mut pages = Vec::new();
    render(&command, &mut pages).map_err(Failure::new)?;
    printer::document(&String::from_utf8(pages).map_err(Failure::new)?);
    Ok(Exit::Ok)
}

fn render(command: &Command, pages: &mut Vec<u8>) -> std::io::Result<()> {
    clap_mangen::Man::new(command.clone()).render(pages)?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help" && !sub.is_hide_set()) {
        let name = format!("{} {}", command.get_bin_name().unwrap_or_else(|| command.get_name()), sub.get_name());
        render(&sub.clone().bin_name(name.clone()).display_name(name.replace(' ', "-")), pages)?;
    }
    Ok(())
}
