//! Actors as they are kept beside what they did: JSON, so that id and kind can be compared later.

use seatrial_domain::access::Actor;

use crate::error::StoreError;

/// An actor as stored.
pub(crate) fn write(actor: &Actor) -> Result<String, StoreError> {
    serde_json::to_string(actor).map_err(|error| StoreError::corrupt("actor", error))
}

/// A stored actor.
pub(crate) fn read(json: &str) -> Result<Actor, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::corrupt("actor", error))
}
