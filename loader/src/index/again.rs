//! Reading the whole form again in a running loader, whose `maintain` and `walk_behind` do the work.

use super::{Error, Index};
use crate::ledger;
use crate::ledger::index::IndexState;

impl Index {
    /// Whether the form was read to its end in this epoch.
    pub(crate) async fn is_complete(&self) -> Result<bool, Error> {
        let state = ledger::index::state(&self.ledger, &self.form).await?;
        Ok(matches!(state, IndexState::Known(known) if known.complete))
    }

    /// Forgets the index, and returns when another one is begun.
    pub(crate) async fn begin_again(&self) -> Result<(), Error> {
        let mut opened = self.opened.subscribe();
        let before = opened.borrow_and_update().clone();
        self.drop_index().await?;
        self.lost();
        let begun = opened.wait_for(|epoch| *epoch != before).await;
        begun.map(drop).map_err(|_| Error::Form)
    }
}
