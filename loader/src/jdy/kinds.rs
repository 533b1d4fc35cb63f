//! The types of the form's widgets, as far as they decide what a value looks like when it is read back.
//!
//! The vendor adds to some values on the way: a phone comes back with `verified`, a member as an object. Which values
//! these are is said by the widget's type and by nothing else: a customer's own widget may have any name as its alias.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::types::Widget;

/// The shape of a widget's values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Read as it was written.
    #[default]
    Plain,
    /// Read as an object, or a list of objects, of which this member is what was written.
    Enriched(&'static str),
    /// Rows of cells, wrapped on write.
    Subform(Kinds),
}

/// The shapes of widgets by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kinds(BTreeMap<String, Kind>);

static PLAIN: Kind = Kind::Plain;

impl Kind {
    fn new(widget: &Widget) -> Self {
        match widget.kind.as_str() {
            "user" | "usergroup" => Self::Enriched("username"),
            "dept" | "deptgroup" => Self::Enriched("dept_no"),
            "phone" => Self::Enriched("phone"),
            "richtext" => Self::Enriched("html"),
            "linkobject" => Self::Enriched("link_id"),
            "subform" => Self::Subform(Kinds::new(&widget.items)),
            _ => Self::Plain,
        }
    }
}

impl Kinds {
    pub(crate) fn new<'a>(widgets: impl IntoIterator<Item = &'a Widget>) -> Self {
        let named = |widget: &Widget| (widget.name.clone(), Kind::new(widget));
        Self(widgets.into_iter().map(named).collect())
    }

    /// The shape of a widget; plain when nothing is known of it.
    pub(crate) fn of(&self, widget: &str) -> &Kind {
        self.0.get(widget).unwrap_or(&PLAIN)
    }
}

/// What was read of the form last; all clones see the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownKinds(Arc<RwLock<Option<Arc<Kinds>>>>);

impl KnownKinds {
    /// Nothing before the form has been read.
    pub(crate) fn get(&self) -> Option<Arc<Kinds>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn learn(&self, widgets: &[Widget]) {
        let kinds = Some(Arc::new(Kinds::new(widgets)));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = kinds;
    }
}
