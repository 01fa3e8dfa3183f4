//! Alerts in words: the promise about false alarms, and what happened.

use crate::render::view::Time;
use crate::render::view::alert::AlertMoment;

/// What is promised about false alarms, in words.
pub fn promise(days: u32, streams: u64) -> String {
    format!(
        "Watched over {streams} streams: while nothing changes, the first false alarm is expected no earlier than \
         after {days} days."
    )
}

/// Something that happened to an alert.
pub fn moment(event: &seatrial_store::alert::AlertEvent) -> AlertMoment {
    AlertMoment {
        at: Time(event.at.micros()),
        state: event.state.as_str().to_owned(),
        text: event.text.clone(),
        by: event.by.display_name.clone(),
    }
}
