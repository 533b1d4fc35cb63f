//! Open letters by cause of failure: the counts stand in the file, the rest is one look into an index for each group.

use super::{letters::listed, word};
use crate::{
    clause::{Translator, is_of_groups},
    error::Result,
    row::company,
};
use pipeline::stage::Stage;
use replay::{browse::Group, query::Query};
use rusqlite::{Connection, Row, params_from_iter, types::Value};
use std::collections::{BTreeMap, BTreeSet};

/// Groups that are told one by one, the largest; the rest is counted together.
const MOST: usize = 1_000;
/// Program versions named per group.
const VERSIONS: usize = 5;
const HOUR: i64 = 3_600_000;

/// The groups of the letters that a query means, the largest first.
///
/// # Errors
/// When the file does not serve.
pub fn groups(connection: &Connection, stage: Stage, query: &Query) -> Result<Vec<Group>> {
    let translator = Translator::new(connection, stage);
    let clause = translator.clause(query)?;
    let kept = is_of_groups(query);
    let sql = match kept {
        true => format!(
            "{KEPT} WHERE l.stage = ?1 AND {} ORDER BY l.letters DESC, 2",
            clause.sql
        ),
        false => format!(
            "{COUNTED} WHERE l.stage = ?1 AND l.n > ?2 AND l.n <= ?3 AND {} GROUP BY l.grp ORDER BY 4 DESC, 2",
            clause.sql
        ),
    };
    let mut bound = vec![Value::Integer(translator.stage)];
    if !kept {
        bound.extend([Value::Integer(0), Value::Integer(i64::MAX)]);
    }
    bound.extend(clause.values);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(bound))?;
    let (mut groups, mut rest): (Vec<Group>, _) = (Vec::new(), Group::default());
    while let Some(row) = rows.next()? {
        if groups.len() < MOST {
            groups.push(group(connection, row)?);
        } else {
            "others".clone_into(&mut rest.group);
            rest.count += number(row, 3)?;
            rest.replayed_before += number(row, 4)?;
        }
    }
    groups.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.group.cmp(&b.group)));
    if rest.count > 0 {
        groups.push(rest);
    }
    Ok(groups)
}

/// Open letters of each group by the hour in which they died, from a time on; the first number is that of the first hour.
///
/// # Errors
/// When the file does not serve.
pub fn trends(
    connection: &Connection,
    stage: Stage,
    since: i64,
    hours: usize,
) -> Result<BTreeMap<String, Vec<u64>>> {
    let sql = "SELECT grp, (died - ?2) / ?3, count(*) FROM letter INDEXED BY letter_group_died
        WHERE stage = ?1 AND died >= ?2 GROUP BY 1, 2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([Translator::new(connection, stage).stage, since, HOUR])?;
    let mut trends: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let bars = trends.entry(row.get(0)?).or_insert_with(|| vec![0; hours]);
        // What has died by a clock that goes before is of the last hour.
        let at = usize::try_from(row.get::<_, i64>(1)?)
            .unwrap_or(0)
            .min(hours.saturating_sub(1));
        if let Some(bar) = bars.get_mut(at) {
            *bar += number(row, 2)?;
        }
    }
    let named = |(group, bars)| Ok((word(connection, group)?, bars));
    trends.into_iter().map(named).collect()
}

const KEPT: &str = "SELECT l.grp, l.code, l.field, l.letters, l.replayed,
    (SELECT min(first) FROM letter INDEXED BY letter_group_first WHERE stage = l.stage AND grp = l.grp),
    (SELECT max(died) FROM letter INDEXED BY letter_group_died WHERE stage = l.stage AND grp = l.grp),
    (SELECT min(rank) FROM letter INDEXED BY letter_group_rank WHERE stage = l.stage AND grp = l.grp),
    (SELECT max(rank) FROM letter INDEXED BY letter_group_rank WHERE stage = l.stage AND grp = l.grp),
    (SELECT min(n) FROM letter INDEXED BY letter_group WHERE stage = l.stage AND grp = l.grp),
    (SELECT json_group_array(program) FROM grp_program p WHERE p.stage = l.stage AND p.grp = l.grp)
    FROM grp l";

const COUNTED: &str = "SELECT l.grp, l.code, l.field, count(*), sum(l.replays > 0),
    min(l.first), max(l.died), min(l.rank), max(l.rank), min(l.n), json_group_array(DISTINCT l.program)
    FROM letter l";

fn group(connection: &Connection, row: &Row<'_>) -> Result<Group> {
    let (first_key, last_key): (String, String) = (row.get(7)?, row.get(8)?);
    let example = listed(connection, row.get(9)?)?.record;
    let text = |name: &str| example[name].as_str().unwrap_or_default().to_owned();
    let programs: Vec<i64> = serde_json::from_str(&row.get::<_, String>(10)?)?;
    let mut versions = BTreeSet::new();
    for program in programs {
        versions.insert(word(connection, program)?);
    }
    let versions = versions.into_iter().filter(|version| !version.is_empty());
    let field: Option<i64> = row.get(2)?;
    Ok(Group {
        group: word(connection, row.get(0)?)?,
        code: word(connection, row.get(1)?)?,
        field: field.map(|field| word(connection, field)).transpose()?,
        count: number(row, 3)?,
        replayed_before: number(row, 4)?,
        first_failed_at: row.get(5)?,
        last_failed_at: row.get(6)?,
        first_key: company(&first_key).to_owned(),
        last_key: company(&last_key).to_owned(),
        versions: versions.take(VERSIONS).collect(),
        example_id: text("id"),
        example: text("message"),
    })
}

fn number(row: &Row<'_>, at: usize) -> Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(at)?).unwrap_or(0))
}
