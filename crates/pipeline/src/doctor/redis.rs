//! Redis: whether it does what the work needs, keeps what it is given, and what its clock shows.

use super::finding::Finding;
use crate::{
    cause::chain,
    service::Runtime,
    stage::Stage,
    store::{Error, Store},
};
use std::collections::HashMap;

/// Scripts that read the clock and write need it.
const OLDEST: (u32, u32) = (6, 0);
/// Clocks further apart make retries, leases and ages wrong.
const APART_MS: i64 = 2_000;

pub(super) async fn examine(rt: &Runtime, stage: Stage) -> Vec<Finding> {
    // Everything that any service does, or a permission that is missing would be found at night. The transformer calls no
    // vendor.
    let probed = match stage {
        Stage::Transform => rt.probe(true).await,
        Stage::Extract | Stage::Load => rt.probe_for_vendor().await,
    };
    let store = &rt.store;
    if let Err(error) = probed {
        let state = error.state();
        let seen = format!("{}: {}", state.name(), chain(&error));
        return vec![Finding::bad("redis", seen, state.remedy())];
    }
    let asked = jiff::Timestamp::now().as_millisecond();
    let (info, redis_ms) = match ask(store).await {
        Ok((Some(info), redis_ms)) => (info, redis_ms),
        Ok((None, redis_ms)) => return vec![silent(), clocks(redis_ms - middle(asked))],
        Err(error) => {
            let remedy = error.state().remedy();
            return vec![Finding::bad("redis", chain(&error), remedy)];
        }
    };
    let fields: HashMap<&str, &str> = info
        .lines()
        .filter_map(|line| line.trim().split_once(':'))
        .collect();
    let field = |name: &str| fields.get(name).copied().unwrap_or_default();
    vec![
        version(field("redis_version")),
        eviction(field("maxmemory_policy"), field("maxmemory")),
        persistence(
            field("aof_enabled") == "1",
            field("rdb_last_bgsave_status"),
            field("rdb_last_save_time"),
        ),
        clocks(redis_ms - middle(asked)),
    ]
}

/// When the answer was given to what was asked then, about.
fn middle(asked: i64) -> i64 {
    i64::midpoint(asked, jiff::Timestamp::now().as_millisecond())
}

/// INFO, where the user may call it, and the clock, ms.
async fn ask(store: &Store) -> Result<(Option<String>, i64), Error> {
    let mut connection = store.connection().await?;
    let info: Result<String, Error> = redis::cmd("INFO")
        .query_async(&mut *connection)
        .await
        .map_err(Error::from);
    let info = match info {
        Ok(info) => Some(info),
        Err(error) if error.lacks_permission() => None,
        Err(error) => return Err(error),
    };
    let mut connection = store.connection().await?;
    let (seconds, micros): (i64, i64) = redis::cmd("TIME").query_async(&mut *connection).await?;
    Ok((info, seconds * 1000 + micros / 1000))
}

/// The work needs no INFO, but nobody can see then what INFO would have shown.
fn silent() -> Finding {
    Finding::risk(
        "redis",
        words::tr!("INFO is not permitted"),
        words::tr!(
            "grant +info, or see to it that maxmemory-policy is noeviction and appendonly is yes: neither can be checked"
        ),
    )
}

fn version(version: &str) -> Finding {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if found >= OLDEST {
        Finding::good("redis", version)
    } else {
        Finding::bad(
            "redis",
            version,
            words::tr!("upgrade to {}.{} or later", OLDEST.0, OLDEST.1),
        )
    }
}

fn eviction(policy: &str, memory: &str) -> Finding {
    let remedy = words::text!(
        "set maxmemory-policy noeviction: an evicted key is a forgotten row, a lost lease or a wrong quota"
    );
    match policy {
        "noeviction" => Finding::good("eviction", policy),
        // Without a limit nothing is evicted, whatever the policy says; until an operator sets one.
        _ if memory == "0" && !policy.starts_with("allkeys") => Finding::risk("eviction", policy, remedy),
        "" => Finding::risk("eviction", words::tr!("Redis does not report its policy"), remedy),
        _ => Finding::bad("eviction", policy, remedy),
    }
}

fn persistence(append_only: bool, saved: &str, last_save: &str) -> Finding {
    if append_only {
        return Finding::good("persistence", words::tr!("append-only file"));
    }
    let seen = match (saved, last_save) {
        ("ok", _) => words::text!("snapshots only"),
        _ => words::text!("none that works"),
    };
    Finding::risk(
        "persistence",
        seen,
        words::tr!(
            "set appendonly yes; a Redis that comes back empty is safe, but the loader reads the whole form again"
        ),
    )
}

fn clocks(apart_ms: i64) -> Finding {
    let seen = words::tr!(
        "Redis is {:.1} s {} this machine",
        apart_ms.abs() as f64 / 1000.0,
        if apart_ms < 0 {
            words::text!("behind")
        } else {
            words::text!("ahead of")
        }
    );
    if apart_ms.abs() <= APART_MS {
        Finding::good("clocks", seen)
    } else {
        Finding::risk("clocks", seen, words::tr!("let NTP set both clocks"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Health;

    #[test]
    fn keys_must_not_be_evicted() {
        assert_eq!(eviction("noeviction", "100").health, Health::Good);
        assert_eq!(eviction("volatile-lru", "0").health, Health::Risk);
        assert_eq!(eviction("volatile-lru", "100").health, Health::Bad);
        assert_eq!(eviction("allkeys-lru", "0").health, Health::Bad);
    }

    #[test]
    fn old_servers_and_wrong_clocks_are_found() {
        assert_eq!(version("5.0.14").health, Health::Bad);
        assert_eq!(version("7.0.15").health, Health::Good);
        assert_eq!(clocks(-3_000).health, Health::Risk);
        assert_eq!(clocks(1_000).seen, "Redis is 1.0 s ahead of this machine");
        assert_eq!(persistence(false, "ok", "1").health, Health::Risk);
    }
}
