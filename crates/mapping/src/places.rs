//! Where the values of a JSON text stand, for files that are read by other means than the documents are.

use super::condition::Condition;
use super::json::{Node, Text, Value};
use super::problem::{Loaded, Place, Problem};
use super::reader::Reader;

/// A JSON text whose values can be found by their keys.
pub struct Places<'t> {
    text: Text<'t>,
    root: Node,
}

impl<'t> Places<'t> {
    /// Reads a text; `name` is used in problems, of which there are some when it is not JSON.
    pub fn read(text: &'t str, name: &'t str) -> Result<Self, Vec<Problem>> {
        let text = Text { name, text };
        let root = text.parse()?;
        Ok(Places { text, root })
    }

    /// The place of the last key of a path, or of the last one that is there.
    #[must_use]
    pub fn of(&self, path: &[&str]) -> Place {
        self.text.place(self.find(path).0)
    }

    /// The condition under a key with its warnings, or every problem of it with its place; none is there, none is read.
    pub fn condition(&self, key: &str) -> Result<Loaded<Condition>, Vec<Problem>> {
        let mut reader = Reader::new(self.text.text, self.text.name).with_lookups();
        let condition = Condition::read(&mut reader, self.find(&[key]).1);
        reader.finish(condition)
    }

    /// Where a path's last known key begins, and the path's value.
    fn find(&self, path: &[&str]) -> (usize, Option<&Node>) {
        let (mut start, mut node) = (self.root.range.start, Some(&self.root));
        for key in path {
            node = match node.map(|node| &node.value) {
                Some(Value::Object(members)) => {
                    members.iter().find(|member| member.key == *key).map(|member| {
                        start = member.key_start;
                        &member.value
                    })
                }
                // An entry of a list by its number.
                Some(Value::Array(items)) => {
                    let item = key.parse().ok().and_then(|at: usize| items.get(at));
                    item.inspect(|item| start = item.range.start)
                }
                _ => return (start, None),
            };
        }
        (start, node)
    }
}
