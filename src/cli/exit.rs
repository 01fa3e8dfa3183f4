//! How a command ended: its exit code, and the message of a failure.

use std::fmt::Display;
use std::process::ExitCode;

use crate::app::error::AppError;

/// The exit codes, the same for every command. Pipelines branch on them, so they never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done; of a gate, a recorded, unsuperseded decision to ship.
    Ok,
    /// 1: it failed.
    Error,
    /// 2: the arguments are not what the command takes.
    Usage,
    /// 10: a gate says hold.
    Hold,
    /// 11: a gate says roll back.
    Rollback,
    /// 12: a gate says to collect more evidence, or nobody has decided yet.
    CollectOrUndecided,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Error => 1,
            Self::Usage => 2,
            Self::Hold => 10,
            Self::Rollback => 11,
            Self::CollectOrUndecided => 12,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened and what to do, for standard error.
    pub message: String,
}

impl Failure {
    /// A failure with this message and exit code 1.
    pub fn new(message: impl Display) -> Self {
        Self { exit: Exit::Error, message: message.to_string() }
    }

    /// Arguments that do not fit together: exit code 2.
    pub fn usage(message: impl Display) -> Self {
        Self { exit: Exit::Usage, message: message.to_string() }
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Invalid { errors } => {
                let lines: Vec<String> =
                    errors.iter().map(|error| format!("{} {}", error.field, error.message)).collect();
                Self::new(lines.join("\n  "))
            }
            // Who can run this on the server may know the cause.
            AppError::Internal(cause) => Self::new(format!("the service failed to do this: {cause}")),
            other => Self::new(other),
        }
    }
}
