//! One form's rows: stored in id order, read as the API shows them, found by text through an index that is built when
//! somebody first filters by that widget.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use super::oid::{Oid, Oids};
use super::spec::FormSpec;
use super::values::{Cell, member, store};
use crate::simulator::clock::iso_utc;
use crate::simulator::settings::JdySettings;

/// A record; its cells stand in the order of the form's widgets.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub cells: Box<[Cell]>,
    pub created_ms: i64,
    pub updated_ms: i64,
    pub creator: Option<Box<str>>,
}

/// Cells written by one request, by widget position.
pub(super) type Changes = Vec<(usize, Cell)>;

/// A form and its records.
#[derive(Debug)]
pub(crate) struct Form {
    pub spec: FormSpec,
    rows: BTreeMap<Oid, Row>,
    positions: HashMap<String, usize>,
    indexes: HashMap<usize, HashMap<Box<str>, BTreeSet<Oid>>>,
}

impl Form {
    pub(crate) fn new(spec: FormSpec) -> Form {
        let positions = spec
            .widgets
            .iter()
            .zip(0..)
            .map(|(widget, i)| (widget.name.clone(), i))
            .collect();
        Form {
            spec,
            rows: BTreeMap::new(),
            positions,
            indexes: HashMap::new(),
        }
    }

    pub(crate) fn position(&self, widget: &str) -> Option<usize> {
        self.positions.get(widget).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn get(&self, id: Oid) -> Option<&Row> {
        self.rows.get(&id)
    }

    /// Rows after an id, in order.
    pub(crate) fn after(&self, id: Option<Oid>) -> impl Iterator<Item = (Oid, &Row)> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.rows
            .range((id.map_or(Unbounded, Excluded), Unbounded))
            .map(|(id, row)| (*id, row))
    }

    /// What a written row means: unknown widgets are ignored, values treated by type.
    pub(crate) fn read(&self, data: &Map<String, Value>, settings: &JdySettings) -> Result<Changes, i64> {
        let mut changes = Vec::with_capacity(data.len());
        for (widget, value) in data {
            if settings.dropped.contains(widget) {
                continue;
            }
            if let Some(position) = self.position(widget) {
                let cell = store(&self.spec.widgets[position], value, settings)?;
                changes.push((position, cell.rewritten(widget, settings)));
            }
        }
        Ok(changes)
    }

    pub(crate) fn insert(
        &mut self,
        changes: Changes,
        creator: Option<&str>,
        oids: &mut Oids,
        now_ms: i64,
    ) -> Oid {
        let id = oids.next(now_ms);
        let mut cells = vec![Cell::Empty; self.spec.widgets.len()];
        for (position, cell) in changes {
            cells[position] = cell;
        }
        let creator = creator.map(Into::into);
        self.reindex(id, &[], &cells);
        self.rows.insert(
            id,
            Row {
                cells: cells.into(),
                created_ms: now_ms,
                updated_ms: now_ms,
                creator,
            },
        );
        id
    }

    /// Writes the named cells; with `whole`, all others become empty. False when there is no such row.
    pub(crate) fn update(&mut self, id: Oid, changes: Changes, whole: bool, now_ms: i64) -> bool {
        let Some(row) = self.rows.get(&id) else {
            return false;
        };
        let before = row.cells.clone();
        let mut cells = if whole {
            vec![Cell::Empty; before.len()]
        } else {
            before.to_vec()
        };
        for (position, cell) in changes {
            cells[position] = cell;
        }
        self.reindex(id, &before, &cells);
        if let Some(row) = self.rows.get_mut(&id) {
            row.cells = cells.into();
            row.updated_ms = now_ms;
        }
        true
    }

    pub(crate) fn delete(&mut self, id: Oid) -> bool {
        match self.rows.remove(&id) {
            Some(row) => {
                self.reindex(id, &row.cells, &[]);
                true
            }
            None => false,
        }
    }

    /// A row that was deleted is there again, under the same id.
    pub(crate) fn put_back(&mut self, id: Oid, row: Row) {
        self.reindex(id, &[], &row.cells);
        self.rows.insert(id, row);
    }

    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.indexes.clear();
    }

    /// Ids of the rows whose cell is one of these texts.
    pub(crate) fn with_text(&mut self, position: usize, texts: &[String]) -> BTreeSet<Oid> {
        if !self.indexes.contains_key(&position) {
            let mut index: HashMap<Box<str>, BTreeSet<Oid>> = HashMap::new();
            for (id, row) in &self.rows {
                if let Some(text) = row.cells[position].as_text() {
                    index.entry(text.into()).or_default().insert(*id);
                }
            }
            self.indexes.insert(position, index);
        }
        let index = &self.indexes[&position];
        texts
            .iter()
            .filter_map(|text| index.get(text.as_str()))
            .flatten()
            .copied()
            .collect()
    }

    fn reindex(&mut self, id: Oid, before: &[Cell], after: &[Cell]) {
        for (position, index) in &mut self.indexes {
            if let Some(text) = before.get(*position).and_then(Cell::as_text)
                && let Some(ids) = index.get_mut(text)
            {
                ids.remove(&id);
                if ids.is_empty() {
                    index.remove(text);
                }
            }
            if let Some(text) = after.get(*position).and_then(Cell::as_text) {
                index.entry(text.into()).or_default().insert(id);
            }
        }
    }

    /// The row as `get` and `list` show it; a projection may leave widgets out.
    pub(crate) fn show(&self, id: Oid, row: &Row, fields: &[usize], settings: &JdySettings) -> Value {
        let creator = row.creator.as_deref().unwrap_or("xiaojian");
        let mut shown = json!({
            "_id": id.to_string(), "appId": self.spec.app_id, "entryId": self.spec.entry_id,
        });
        if fields.is_empty() {
            shown["creator"] = member(&json!(creator), settings).unwrap_or(Value::Null);
            shown["updater"] = json!({});
            shown["deleter"] = Value::Null;
            shown["createTime"] = json!(iso_utc(row.created_ms));
            shown["updateTime"] = json!(iso_utc(row.updated_ms));
            shown["deleteTime"] = Value::Null;
        }
        for (position, widget) in self.spec.widgets.iter().enumerate() {
            if fields.is_empty() || fields.contains(&position) {
                shown[&widget.name] = row.cells[position].read();
            }
        }
        shown
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn written(form: &Form, cells: &[(usize, &str)]) -> Changes {
        let data = cells
            .iter()
            .map(|(i, text)| (form.spec.widgets[*i].name.clone(), json!({"value": text})))
            .collect();
        form.read(&data, &JdySettings::default()).unwrap()
    }

    #[test]
    fn the_text_index_follows_every_change() {
        let (mut form, mut oids) = (Form::new(FormSpec::customers()), Oids::default());
        let key = form.position("_widget_okki_id").unwrap();
        let a = form.insert(written(&form, &[(key, "7"), (0, "A")]), None, &mut oids, 1);
        let find = |form: &mut Form, text: &str| {
            form.with_text(key, &[text.to_owned()])
                .into_iter()
                .collect::<Vec<_>>()
        };
        assert_eq!(find(&mut form, "7"), [a]);
        let b = form.insert(written(&form, &[(key, "7")]), None, &mut oids, 2);
        assert_eq!(find(&mut form, "7"), [a, b]);
        let to_eight = written(&form, &[(key, "8")]);
        assert!(form.update(a, to_eight, false, 3));
        assert_eq!(find(&mut form, "7"), [b]);
        assert_eq!(
            form.get(a).unwrap().cells[0].as_text(),
            Some("A"),
            "a partial update keeps other cells"
        );
        let whole = written(&form, &[(key, "9")]);
        assert!(form.update(a, whole, true, 4));
        assert!(form.get(a).unwrap().cells[0].is_empty());
        assert!(form.delete(b));
        assert!(find(&mut form, "7").is_empty());
        assert!(!form.delete(b));
    }

    #[test]
    fn unknown_widgets_are_ignored() {
        let form = Form::new(FormSpec::customers());
        let data = json!({"_widget_none": {"value": "x"}});
        assert!(
            form.read(data.as_object().unwrap(), &JdySettings::default())
                .unwrap()
                .is_empty()
        );
    }
}
