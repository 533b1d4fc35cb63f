//! Listings that cut their times: whether a later change may hide behind the one that is listed, and until when.

use super::{FetchHandler, Known};
use crate::{
    okki::{Detail, time},
    snapshot::Asked,
    state::Doubtful,
};
use pipeline::store::Error;
use proto::v1::CompanyRef;

impl FetchHandler {
    /// Whether the customer was fetched late enough for its listed time to hide nothing. One that may still change behind it
    /// is asked for again when that is over, and not before.
    pub(super) async fn hides_nothing(&self, wanted: &CompanyRef, known: Known) -> Result<bool, Error> {
        let (listed, granule) = (wanted.update_time, known.granule);
        let is_later = known
            .in_form
            .loaded
            .is_some_and(|loaded| !granule.hides(listed, loaded));
        if granule.is_fine() || is_later || known.in_form.fetched_whole >= Some(granule.end(listed)) {
            return Ok(true);
        }
        let Some(again) = granule.again_at(listed, None, time::now()) else {
            return Ok(false);
        };
        self.doubt(wanted, granule.cut(listed), again).await?;
        Ok(true)
    }

    /// Remembers that the state may change without a sign before it goes on. Of one that cannot any more, until when that is
    /// known.
    pub(super) async fn may_hide(
        &self,
        wanted: &CompanyRef,
        detail: &Detail,
        known: Known,
    ) -> Result<Option<i64>, Error> {
        if detail.ahead.is_some() {
            return Ok(None);
        }
        let (listed, shown) = (wanted.update_time, detail.update_time);
        let Some(granule) = known.granule.of_state(listed, shown) else {
            return Ok(None);
        };
        if let Some(shown) = shown
            && shown > listed
            && granule.cut(listed) == listed
        {
            self.state
                .learn_granule(|evidence| evidence.detail(listed, shown))
                .await?;
        }
        let Some(of) = shown.or((listed > 0).then_some(listed)) else {
            return Ok(None);
        };
        let Some(again) = granule.again_at(of, detail.now, time::now()) else {
            return Ok(Some(granule.end(of)));
        };
        self.doubt(wanted, granule.cut(of), again).await?;
        Ok(None)
    }

    async fn doubt(&self, wanted: &CompanyRef, listed: i64, again: i64) -> Result<(), Error> {
        let company_id = wanted.company_id.clone();
        self.state.doubt(&Doubtful { company_id, listed }, again).await
    }
}

impl Asked {
    /// The same for a removal, whose listed time may be cut: it is no older than the state that it ends.
    #[must_use]
    pub(super) fn after_hidden(self, wanted: &CompanyRef, known: Known) -> Self {
        let published = known.in_form.published.map(|version| version.update_time);
        let newest = published.max(known.in_form.loaded);
        let hides = |newest: &i64| {
            known
                .granule
                .of_state(wanted.update_time, Some(*newest))
                .is_some()
        };
        Self {
            not_before: self.not_before.max(newest.filter(hides).unwrap_or(0)),
            ..self
        }
    }
}
