//! Which operation a path means: v5 with ids in the body, v1 to v4 with ids in the path (docs/jiandaoyun-api.md §1.1).

/// An operation of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Create,
    BatchCreate,
    Get,
    List,
    Update,
    BatchUpdate,
    Delete,
    BatchDelete,
    Widgets,
    Apps,
    Entries,
}

impl Op {
    pub(super) fn name(self) -> &'static str {
        match self {
            Op::Create => "create",
            Op::BatchCreate => "batch_create",
            Op::Get => "get",
            Op::List => "list",
            Op::Update => "update",
            Op::BatchUpdate => "batch_update",
            Op::Delete => "delete",
            Op::BatchDelete => "batch_delete",
            Op::Widgets => "widgets",
            Op::Apps => "apps",
            Op::Entries => "entries",
        }
    }
}

/// A path, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Route<'a> {
    pub op: Op,
    pub version: u8,
    /// App and entry from the path; v5 has them in the body.
    pub app: Option<&'a str>,
    pub entry: Option<&'a str>,
}

pub(super) fn route(path: &str) -> Option<Route<'_>> {
    let rest = path.strip_prefix("/api/v")?;
    let (version, rest) = rest.split_once('/')?;
    let version: u8 = version.parse().ok()?;
    if version == 5 {
        v5(rest)
    } else {
        legacy(version, rest)
    }
}

fn v5(rest: &str) -> Option<Route<'_>> {
    let op = match rest {
        "app/list" => Op::Apps,
        "app/entry/list" => Op::Entries,
        "app/entry/widget/list" => Op::Widgets,
        _ => match rest.strip_prefix("app/entry/data/")? {
            "create" => Op::Create,
            "batch_create" => Op::BatchCreate,
            "get" => Op::Get,
            "list" => Op::List,
            "update" => Op::Update,
            "batch_update" => Op::BatchUpdate,
            "delete" => Op::Delete,
            "batch_delete" => Op::BatchDelete,
            _ => return None,
        },
    };
    Some(Route {
        op,
        version: 5,
        app: None,
        entry: None,
    })
}

fn legacy(version: u8, rest: &str) -> Option<Route<'_>> {
    let parts: Vec<&str> = rest.split('/').collect();
    let (op, versions, app, entry): (Op, &[u8], _, _) = match parts[..] {
        ["app", "retrieve_all"] => (Op::Apps, &[1], None, None),
        ["app", app, "entry_retrieve"] => (Op::Entries, &[1], Some(app), None),
        ["app", app, "entry", entry, suffix] => {
            let (op, versions): (Op, &[u8]) = match suffix {
                "data_create" => (Op::Create, &[1, 2, 3, 4]),
                "data_batch_create" => (Op::BatchCreate, &[1]),
                "data_retrieve" => (Op::Get, &[1, 2, 4]),
                "data" => (Op::List, &[1, 2, 4]),
                "data_update" => (Op::Update, &[1, 2, 3, 4]),
                "data_batch_update" => (Op::BatchUpdate, &[1]),
                "data_delete" => (Op::Delete, &[1]),
                "data_batch_delete" => (Op::BatchDelete, &[1]),
                "widgets" => (Op::Widgets, &[1, 2]),
                _ => return None,
            };
            (op, versions, Some(app), Some(entry))
        }
        _ => return None,
    };
    versions.contains(&version).then_some(Route {
        op,
        version,
        app,
        entry,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_generations_of_paths_are_known() {
        let op = |path| route(path).map(|r| (r.op, r.version));
        assert_eq!(
            op("/api/v5/app/entry/data/batch_create"),
            Some((Op::BatchCreate, 5))
        );
        assert_eq!(op("/api/v5/app/entry/widget/list"), Some((Op::Widgets, 5)));
        assert_eq!(op("/api/v2/app/a1/entry/e1/data_create"), Some((Op::Create, 2)));
        assert_eq!(
            route("/api/v2/app/a1/entry/e1/data").and_then(|r| r.entry),
            Some("e1")
        );
        // the listing has no v3, and batches have only v1
        assert_eq!(op("/api/v3/app/a1/entry/e1/data"), None);
        assert_eq!(op("/api/v2/app/a1/entry/e1/data_batch_create"), None);
        assert_eq!(op("/api/v5/app/entry/data/destroy"), None);
        assert_eq!(op("/v5/app/entry/data/create"), None);
    }
}
