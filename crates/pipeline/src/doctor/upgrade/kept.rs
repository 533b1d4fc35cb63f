//! What an earlier version has left in Redis, and what becomes of it.

use super::super::finding::Finding;
use crate::{cause::chain, names::Namespace, service::Runtime, store};

const WHAT: &str = words::mark!("kept in Redis");

/// How 0.2.0 calls the states of the index; later ones say `open` and `complete`.
const OLDER_STATES: [&str; 2] = ["building", "ready"];

pub(super) async fn examine(rt: &Runtime) -> Vec<Finding> {
    match ask(rt).await {
        Ok((state, left)) => findings(state.as_deref(), &left),
        Err(error) => vec![unread(WHAT, &error)],
    }
}

/// Where 0.2.0 kept its token and its quota.
fn keys_of_before(namespace: &Namespace) -> [String; 3] {
    ["okki:token", "okki:token:renewal", "quota"].map(|key| format!("{{{namespace}}}:{key}"))
}

/// The state of the index, and which keys of an earlier version are there.
async fn ask(rt: &Runtime) -> Result<(Option<String>, Vec<String>), store::Error> {
    let mut connection = rt.store.connection().await?;
    let mut pipe = redis::pipe();
    pipe.cmd("HGET").arg(rt.namespace.index_key()).arg("state");
    let keys = keys_of_before(&rt.namespace);
    for key in &keys {
        pipe.cmd("EXISTS").arg(key);
    }
    let (state, first, second, third): (Option<String>, bool, bool, bool) =
        pipe.query_async(&mut *connection).await?;
    let there = [first, second, third];
    let left = keys.into_iter().zip(there).filter(|(_, there)| *there);
    Ok((state, left.map(|(key, _)| key).collect()))
}

/// What Redis did not tell.
pub(super) fn unread(what: &'static str, error: &store::Error) -> Finding {
    let state = error.state();
    Finding::bad(
        what,
        format!("{}: {}", state.name(), chain(error)),
        state.remedy(),
    )
}

fn findings(state: Option<&str>, left: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if state.is_some_and(|state| OLDER_STATES.contains(&state)) {
        findings.push(Finding::risk(
            WHAT,
            words::tr!("the index of the form is of 0.2.0"),
            words::tr!(
                "nothing to do: the first loader of this version looks every row up once more; updates go on within seconds, new \
                 customers after INDEX_SETTLE"
            ),
        ));
    }
    if !left.is_empty() {
        findings.push(Finding::risk(
            WHAT,
            words::tr!(
                "{} are of 0.2.0, and this version does not read them",
                left.join(", ")
            ),
            words::tr!("delete them when nothing of 0.2.0 runs any more"),
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::good(WHAT, words::tr!("nothing of an earlier version")));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;

    #[test]
    fn what_an_earlier_version_left_is_named() {
        assert_eq!(findings(Some("open"), &[])[0].health, Health::Good);
        assert_eq!(findings(None, &[])[0].health, Health::Good);
        let older = findings(Some("ready"), &["{okki}:okki:token".to_owned()]);
        assert!(older[0].remedy.contains("INDEX_SETTLE"), "{older:?}");
        assert!(older[1].seen.starts_with("{okki}:okki:token are"), "{older:?}");
    }
}
