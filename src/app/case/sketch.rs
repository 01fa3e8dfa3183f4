//! Cases that were made before there were sketches get theirs in the background.

use seatrial_store::{case, case_band};

use crate::app::App;
use crate::app::error::AppError;

/// Cases per transaction.
const BATCH: u64 = 100;

impl App {
    /// Gives the cases that have none a sketch, by which near-duplicates are found. Returns how many cases that were.
    ///
    /// # Errors
    /// When the database fails or a stored case cannot be read; what was sketched before stays.
    pub async fn sketch_cases(&self) -> Result<usize, AppError> {
        let mut sketched = 0;
        loop {
            let waiting = case_band::to_sketch(self.store.read(), BATCH).await?;
            if waiting.is_empty() {
                return Ok(sketched);
            }
            let tx = self.store.write().await?;
            for (scope, row) in &waiting {
                let bands = case::bands_of(&row.case);
                case_band::put(&tx, *scope, (row.workflow, row.id), bands).await?;
                case_band::sketched(&tx, *scope, row.id).await?;
            }
            tx.commit().await?;
            sketched += waiting.len();
        }
    }
}
