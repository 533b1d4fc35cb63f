//! The profile of a namespace in Redis. It is a hint: a lost one is gathered anew.

use pipeline::{
    kept_text::KeptText,
    names::Namespace,
    store::{Error, Store},
};

use super::{Drift, Profile};

/// How often a replica tries to add to it before it waits for its next turn.
const TRIES: usize = 3;

fn place(store: &Store, namespace: &Namespace) -> KeptText {
    KeptText::new(store.clone(), namespace.profile_key())
}

/// What replicas have seen lately; nothing when none has.
pub(crate) async fn last(store: &Store, namespace: &Namespace) -> Result<Option<Profile>, Error> {
    let kept = place(store, namespace).read().await?;
    Ok(kept.text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Adds to it what one replica has seen since, unless others do so all the time; what has changed is told to the one whose
/// addition showed it.
pub(super) async fn add(
    store: &Store,
    namespace: &Namespace,
    since: &Profile,
) -> Result<Option<Vec<Drift>>, Error> {
    let place = place(store, namespace);
    for _ in 0..TRIES {
        let kept = place.read().await?;
        let known = kept
            .text
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok());
        let mut profile: Profile = known.unwrap_or_default();
        let drift = profile.grow(since.clone());
        // Numbers and names always have a JSON form.
        let text = serde_json::to_string(&profile).unwrap_or_default();
        if place.replace(kept.revision, &text).await? {
            return Ok(Some(drift));
        }
    }
    Ok(None)
}
