//! A 轻易云 target document, compiled once, applied to one cleaned record after the other.

mod cell;
mod compile;
mod digest;
mod error;
mod extras;
mod field;
mod inspect;
mod lookup;
mod noted;
mod parts;
mod rows;
mod tried;
mod wanted;
mod widget;
mod wrapping;

use std::path::Path;

use jiff::Timestamp;
use mapping::{
    Arms, Condition, Context, Evaluation, FilterResult, OtherRequest, Places, Problem, Record,
    TargetDocument, Zone, clean::Wanted,
};
use pipeline::names::NO_CONDITION;
use proto::v1::FieldValue;

pub use cell::to_json as cell_json;
pub use error::RowError;
pub use extras::Extras;
use extras::OnFailure;
pub use field::FieldInfo;
pub use inspect::{losses, show};
pub use widget::Widget;

use compile::compile;
use field::Field;
pub use lookup::Sources;
pub(crate) use lookup::{LARGEST_FILE as LARGEST_TABLE, MOST_ROWS};
pub use tried::Tried;
use wanted::{untyped, wanted_lookups};
use wrapping::Remarks;

/// A compiled mapping. It holds no data and can be shared by threads.
#[derive(Debug)]
pub struct Mapping {
    fields: Vec<Field>,
    infos: Vec<FieldInfo>,
    document: TargetDocument,
    extras: Extras,
    fingerprint: String,
    warnings: Vec<Problem>,
    wanted: Wanted,
    sources: Sources,
    name: String,
    extras_name: String,
}

impl Mapping {
    /// Compiles a document and our additions to it; all problems at once.
    pub fn load(document: &str, extras: Option<&str>) -> Result<Mapping, Vec<Problem>> {
        Mapping::load_named(document, "mapping", extras, "extras")
    }

    /// The same with file names for the problems.
    pub fn load_named(
        document: &str,
        name: &str,
        extras: Option<&str>,
        extras_name: &str,
    ) -> Result<Mapping, Vec<Problem>> {
        let parsed = TargetDocument::parse(document, name);
        let added = extras.map_or_else(|| Ok(Extras::default()), |text| Extras::parse(text, extras_name));
        let (loaded, mut extras_read) = match (parsed, added) {
            (Ok(loaded), Ok(extras)) => (loaded, extras),
            (Err(mut problems), added) => {
                problems.extend(added.err().unwrap_or_default());
                return Err(problems);
            }
            (_, Err(problems)) => return Err(problems),
        };
        let mut remarks = Remarks {
            name,
            list: loaded.warnings,
        };
        let compiled = compile(&loaded.document, &extras_read, &mut remarks)?;
        let mut warnings = remarks.list;
        warnings.append(&mut extras_read.warnings);
        warnings.extend(untyped(&extras_read, &compiled, extras_name));
        let folder = Path::new(extras_name).parent().unwrap_or(Path::new(""));
        let lookups = std::mem::take(&mut extras_read.lookups);
        let places = extras.and_then(|text| Places::read(text, extras_name).ok());
        let said = |path: &[&str], message: String| {
            let mut problem = Problem::new(extras_name, message);
            problem.place = places.as_ref().map(|places| places.of(path));
            problem
        };
        let of_table = |collection: &str, message: String| said(&["lookup", collection], message);
        let sources = Sources::open(
            lookups,
            folder,
            &of_table,
            wanted_lookups(&compiled, &extras_read),
            name,
        )?;
        warnings.extend(sources.remarks(&of_table));
        let risk = extras_read.failed_expression.risk();
        warnings.extend(risk.map(|risk| said(&["failed_expression"], risk.to_owned())));
        Ok(Mapping {
            infos: compiled
                .iter()
                .filter(|field| field.is_sent())
                .map(Field::info)
                .collect(),
            wanted: wanted(&compiled, &extras_read),
            fields: compiled,
            document: loaded.document,
            extras: extras_read,
            fingerprint: digest::of_both(&laid_out(document), &laid_out(extras.unwrap_or_default())),
            warnings,
            sources,
            name: name.to_owned(),
            extras_name: extras_name.to_owned(),
        })
    }

    /// Sixteen hex digits that change with everything in the document or in the additions but their layout.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// What problems call the document.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What problems call the additions.
    pub fn extras_name(&self) -> &str {
        &self.extras_name
    }

    /// The keys of a record that the mapping reads; it makes no difference to [`Self::map`] and [`Self::filter`]
    /// whether the others are there.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// What is sent for a record: one value per field, in the document's order.
    pub fn map(&self, record: &Record, now: Timestamp) -> Result<Vec<FieldValue>, RowError> {
        let context = self.context(now);
        let evaluation = Evaluation::new(record, &context);
        let mut values = Vec::with_capacity(self.fields.len());
        for field in self.fields.iter().filter(|field| field.is_sent()) {
            values.push(field.value(&evaluation, None)?);
        }
        Ok(values)
    }

    /// Field by field with what is worth knowing, for people; one failing field does not hide the others.
    pub fn try_record(&self, record: &Record, now: Timestamp) -> Vec<Tried> {
        self.try_noting(record, now, &Arms::default())
    }

    /// The same, with the arms of CASE and IF that it takes.
    pub fn try_noting(&self, record: &Record, now: Timestamp, arms: &Arms) -> Vec<Tried> {
        let context = self.context(now);
        let evaluation = Evaluation::with_notices(record, &context).noting(arms);
        let tried = |field: &Field| {
            let value = field.value(&evaluation, None);
            let notices = evaluation
                .take_notices()
                .into_iter()
                .map(|notice| notice.0)
                .collect();
            Tried {
                info: field.info(),
                value,
                notices,
            }
        };
        let sent = self.fields.iter().filter(|field| field.is_sent());
        sent.map(tried).collect()
    }

    /// Drops a record by the additions' `condition`; the text is the reason for the account.
    pub fn filter(&self, record: &mut Record, now: Timestamp) -> Option<&'static str> {
        let dropped = self.extras.condition.apply(record, &self.context(now)) == FilterResult::Drop;
        dropped.then_some("condition")
    }

    /// The tests of the condition that a record fails, one of each of its groups.
    pub fn failing(&self, record: &Record, now: Timestamp) -> Vec<String> {
        self.extras.condition.failing(record, &self.context(now))
    }

    /// The fields that are sent.
    pub fn fields(&self) -> &[FieldInfo] {
        &self.infos
    }

    /// The document's system parameters.
    pub fn other_request(&self) -> &OtherRequest {
        &self.document.other
    }

    /// The document itself.
    pub fn document(&self) -> &TargetDocument {
        &self.document
    }

    /// Our additions.
    pub fn extras(&self) -> &Extras {
        &self.extras
    }

    /// The condition of the additions.
    pub fn condition(&self) -> &Condition {
        &self.extras.condition
    }

    /// Sixteen hex digits that change with the condition and nothing else; [`NO_CONDITION`] without one.
    pub fn condition_digest(&self) -> String {
        match self.extras.condition_text.as_str() {
            "" => NO_CONDITION.to_owned(),
            text => digest::of(text),
        }
    }

    /// What the document's author should check.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The zone of dates without offset.
    pub fn zone(&self) -> &Zone {
        &self.extras.zone
    }

    fn context(&self, now: Timestamp) -> Context {
        Context::at(now)
            .zone(self.extras.zone.clone())
            .tables(self.sources.tables())
    }

    /// The tables of look-ups.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// What tells mappings apart that may give different cells: the document, the additions and the tables.
    pub fn revision(&self) -> String {
        match self.sources.digest() {
            None => self.fingerprint.clone(),
            Some(tables) => format!("{} {tables}", self.fingerprint),
        }
    }
}

/// A text without its own layout, so that formatting a document makes no other mapping of it.
fn laid_out(text: &str) -> String {
    mapping::canonical(text, "").unwrap_or_else(|_| text.to_owned())
}

fn wanted(fields: &[Field], extras: &Extras) -> Wanted {
    match extras.failed_expression {
        // Texts are scanned anew when they are sent.
        OnFailure::Text => Wanted::EVERYTHING,
        OnFailure::Error => {
            let read = fields.iter().flat_map(Field::paths);
            Wanted::by(read.chain(extras.condition.paths()))
        }
    }
}
