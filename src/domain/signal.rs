//! Signals: named, exactly defined statistics over runs.
