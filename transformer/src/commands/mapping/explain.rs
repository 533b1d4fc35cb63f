//! `mapping explain`: the document in words.

use clap::Args;

use super::{DocumentArgs, words};
use crate::map::{FieldInfo, Mapping};

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    document: DocumentArgs,
}

pub(super) fn run(args: &ExplainArgs) -> anyhow::Result<()> {
    pipeline::say_text!("{}", explain(&args.document.load()?))?;
    Ok(())
}

fn explain(mapping: &Mapping) -> String {
    let mut text = format!("{} → {}\n", words::destination(mapping), mapping.document().api);
    for (n, info) in mapping.fields().iter().enumerate() {
        text.push_str(&format!("\n{}. {}", n + 1, field(info, 0)));
    }
    let groups = mapping.condition().tests();
    for (n, group) in groups.iter().enumerate() {
        let tests: Vec<String> = group.iter().map(words::test).collect();
        let tests = tests.join(words::and());
        text.push_str(&match n {
            0 => words::kept(&tests),
            _ => words::or_kept(&tests),
        });
    }
    for (name, value) in mapping.other_request().iter() {
        text.push_str(&format!("\n{}", words::system(name, value)));
    }
    text.push('\n');
    text
}

fn field(info: &FieldInfo, indent: usize) -> String {
    let pad = "   ".repeat(indent + 1);
    let mut text = format!("{} ({}, {})\n", info.label, info.field, info.widget.name());
    for line in words::expression(&info.expression) {
        text.push_str(&format!("{pad}{line}\n"));
    }
    for child in &info.children {
        text.push_str(&format!("{pad}- {}", field(child, indent + 1)));
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_seed_in_words() {
        let mapping = Mapping::load(include_str!("../../../mappings/seed.json"), None).unwrap();
        insta::assert_snapshot!(explain(&mapping));
    }
}
