//! Reading typed values out of a document's tree while collecting every problem.

use super::expression::{Expression, Fault};
use super::json::{Member, Node, Text, Value};
use super::presence::nearest;
use super::problem::{Place, Problem};

/// Collects problems and warnings while a document is read.
pub(super) struct Reader<'t> {
    text: Text<'t>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
    /// Label of the field that is being read.
    field: Option<String>,
    /// Expressions may look into tables.
    lookups: bool,
    /// A field of `request` whose entries are read as one.
    joined: Option<&'static str>,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str, name: &'t str) -> Self {
        Reader {
            text: Text { name, text },
            problems: Vec::new(),
            warnings: Vec::new(),
            field: None,
            lookups: false,
            joined: None,
        }
    }

    /// The same for a document in which one field may stand several times: its fixed values are one list.
    pub(crate) fn joining(self, field: &'static str) -> Self {
        Reader {
            joined: Some(field),
            ..self
        }
    }

    /// Whether a field may stand several times.
    pub(crate) fn joins(&self, field: &str) -> bool {
        self.joined == Some(field)
    }

    /// The same for a document whose expressions may look into tables.
    pub(crate) fn with_lookups(self) -> Self {
        Reader {
            lookups: true,
            ..self
        }
    }

    pub(crate) fn parse(&self) -> Result<Node, Vec<Problem>> {
        self.text.parse()
    }

    /// What was found, or all problems.
    pub(crate) fn finish<T>(self, document: T) -> Result<super::problem::Loaded<T>, Vec<Problem>> {
        if self.problems.is_empty() {
            Ok(super::problem::Loaded {
                document,
                warnings: self.warnings,
            })
        } else {
            Err(self.problems)
        }
    }

    /// Reads something under the label of a field.
    pub(crate) fn in_field<T>(&mut self, label: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.field.replace(label.to_owned());
        let result = read(self);
        self.field = before;
        result
    }

    fn problem_at(&self, offset: usize, message: String) -> Problem {
        let problem = Problem::new(self.text.name, message).at(self.text.place(offset));
        match &self.field {
            Some(label) => problem.field(label.clone()),
            None => problem,
        }
    }

    pub(crate) fn problem(&mut self, offset: usize, message: impl Into<String>, remedy: Option<&str>) {
        let mut problem = self.problem_at(offset, message.into());
        problem.remedy = remedy.map(str::to_owned);
        self.problems.push(problem);
    }

    pub(crate) fn warn(&mut self, offset: usize, message: impl Into<String>) {
        let problem = self.problem_at(offset, message.into());
        self.warnings.push(problem);
    }

    /// Something that is written in the document and not used here; the message says why.
    pub(crate) fn idle(&mut self, offset: usize, message: impl Into<String>) {
        let message: String = message.into();
        let mut problem = self.problem_at(offset, words::said(&message).to_owned());
        problem.without_effect = true;
        self.warnings.push(problem);
    }

    /// Where an offset stands.
    pub(crate) fn place(&self, offset: usize) -> Place {
        self.text.place(offset)
    }

    /// The members of an object; a later duplicate of a key is a problem.
    pub(crate) fn object<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Member] {
        let Value::Object(members) = &node.value else {
            self.problem(
                node.range.start,
                words::tr!("{what} must be an object, it is {}", node.value.kind()),
                None,
            );
            return &[];
        };
        for (i, member) in members.iter().enumerate() {
            if members.iter().take(i).any(|earlier| earlier.key == member.key) {
                self.problem(
                    member.key_start,
                    words::tr!("the key \"{}\" stands twice", member.key),
                    Some(words::text!("keep one of them")),
                );
            }
        }
        members
    }

    /// Warns of keys outside a list.
    pub(crate) fn unknown_keys(&mut self, members: &[Member], known: &[&str], what: &str) {
        for member in members {
            if !known.contains(&member.key.as_str()) {
                let near = nearest(&member.key, known.iter().copied());
                let meant = near.first().map(|name| words::tr!("; \"{name}\" may be meant"));
                self.idle(
                    member.key_start,
                    words::tr!(
                        "unknown key \"{}\" in {what}; it has no effect{}",
                        member.key,
                        meant.unwrap_or_default()
                    ),
                );
            }
        }
    }

    pub(crate) fn array<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.value {
            Value::Array(items) => items,
            Value::Null => &[],
            other => {
                self.problem(
                    node.range.start,
                    words::tr!("{what} must be an array, it is {}", other.kind()),
                    None,
                );
                &[]
            }
        }
    }

    /// A text; numbers and booleans are taken by their words, `null` is nothing.
    pub(crate) fn text(&mut self, node: Option<&Node>, what: &str) -> Option<String> {
        let node = node?;
        match &node.value {
            Value::String(text) | Value::Number(text) => Some(text.clone()),
            Value::Bool(flag) => Some(flag.to_string()),
            Value::Null => None,
            other => {
                self.problem(
                    node.range.start,
                    words::tr!("{what} must be a text, it is {}", other.kind()),
                    None,
                );
                None
            }
        }
    }

    /// `true`/`false`, also as text or 1/0.
    pub(crate) fn flag(&mut self, node: Option<&Node>, what: &str) -> Option<bool> {
        let node = node?;
        match &node.value {
            Value::Bool(flag) => Some(*flag),
            Value::Null => None,
            Value::String(text) | Value::Number(text) => {
                let flag = match text.trim().to_ascii_lowercase().as_str() {
                    "true" | "1" | "yes" => Some(true),
                    "false" | "0" | "no" | "" => Some(false),
                    _ => None,
                };
                if flag.is_none() {
                    let message = words::tr!("{what} must be true or false, it is \"{text}\"");
                    self.problem(node.range.start, message, None);
                }
                flag
            }
            other => {
                self.problem(
                    node.range.start,
                    words::tr!("{what} must be true or false, it is {}", other.kind()),
                    None,
                );
                None
            }
        }
    }

    /// Compiles the reference to a key; `None` when it is none.
    pub(crate) fn reference(&mut self, node: &Node, key: &str) -> Option<Expression> {
        let expression = Expression::build(&format!("{{{{{key}}}}}")).ok()?;
        for Fault { message, remedy, .. } in expression.hints() {
            let mut problem = self.problem_at(node.range.start, message.clone());
            problem.remedy = remedy.clone();
            self.warnings.push(problem);
        }
        Some(expression)
    }

    /// Compiles an expression; its faults point into the document.
    pub(crate) fn expression(&mut self, node: &Node) -> Option<Expression> {
        let text = self.text(Some(node), "value")?;
        let is_text = matches!(node.value, Value::String(_));
        let told = |reader: &Self, fault: Fault| {
            let at = match is_text {
                true => reader.text.inside(node.range.start, fault.offset),
                false => node.range.start,
            };
            let mut problem = reader.problem_at(at, fault.message);
            problem.offset = Some(fault.offset);
            problem.remedy = fault.remedy;
            problem
        };
        match Expression::build(&text) {
            Ok(expression) => {
                for hint in expression.hints() {
                    let problem = told(self, hint.clone());
                    self.warnings.push(problem);
                }
                if !self.lookups && !expression.lookups().is_empty() {
                    let remedy = words::text!(
                        "bring the value into the record (info_api), or look it up in the target document"
                    );
                    self.problem(
                        node.range.start,
                        words::text!("a source document has no tables to look into"),
                        Some(remedy),
                    );
                }
                let place = |offset| {
                    let at = match is_text {
                        true => self.text.inside(node.range.start, offset),
                        false => node.range.start,
                    };
                    self.text.place(at)
                };
                Some(expression.placed(place))
            }
            Err(faults) => {
                for fault in faults {
                    let problem = told(self, fault);
                    self.problems.push(problem);
                }
                None
            }
        }
    }
}

/// The value of a key.
pub(super) fn get<'n>(members: &'n [Member], key: &str) -> Option<&'n Node> {
    members
        .iter()
        .find(|member| member.key == key)
        .map(|member| &member.value)
}

/// Where a key stands.
pub(super) fn key_at(members: &[Member], key: &str) -> usize {
    members
        .iter()
        .find(|member| member.key == key)
        .map_or(0, |member| member.key_start)
}
