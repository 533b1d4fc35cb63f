//! First lines of files, and how long files and functions may be.

use crate::imports::is_for_tests;
use crate::source::{PRODUCT, Source, assert_none, sources};
use std::collections::BTreeSet;
use syn::{
    Block, Expr, ExprLit, ImplItemFn, Item, ItemFn, ItemMod, Lit, Meta, Signature, TraitItemFn,
    spanned::Spanned,
    visit::{self, Visit},
};

const LONGEST_FILE: usize = 300;
const LONGEST_FUNCTION: usize = 60;
/// What a comment says that gives the reason for more.
const REASON: &str = "long because";

#[test]
fn every_file_says_in_its_first_line_what_it_is_for() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| source.path)
        .collect();
    assert_none("files must open with `//!`", &silent);
}

#[test]
fn main_files_are_a_contents_page() {
    for source in sources()
        .iter()
        .filter(|source| source.path.ends_with("src/main.rs"))
    {
        let lines = source.text.lines().count();
        assert!(
            lines < 60,
            "{} has {lines} lines; the work belongs into the library",
            source.path
        );
    }
}

/// Length of what is not for tests, in one file.
#[derive(Default)]
struct Measure {
    functions: Vec<(String, usize, usize)>,
    test_lines: usize,
    /// Names, and the file where the declaration says one.
    test_modules: Vec<(String, Option<String>)>,
}

impl Measure {
    fn of(text: &str) -> Self {
        let mut measure = Self::default();
        measure.visit_file(&syn::parse_file(text).unwrap());
        measure
    }

    fn function(&mut self, signature: &Signature, body: &Block) {
        let (from, to) = (signature.span().start().line, body.span().end().line);
        self.functions
            .push((signature.ident.to_string(), from, to + 1 - from));
    }
}

impl<'ast> Visit<'ast> for Measure {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Fn(it) => &it.attrs,
            Item::Impl(it) => &it.attrs,
            Item::Mod(it) => &it.attrs,
            Item::Use(it) => &it.attrs,
            _ => return visit::visit_item(self, item),
        };
        if is_for_tests(attributes) {
            let span = item.span();
            self.test_lines += span.end().line + 1 - span.start().line;
            if let Item::Mod(module) = item
                && module.content.is_none()
            {
                self.test_modules
                    .push((module.ident.to_string(), path_attribute(module)));
            }
        } else {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(body) = &item.default {
            self.function(&item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

/// What `#[path = "…"]` of a module says.
fn path_attribute(module: &ItemMod) -> Option<String> {
    module.attrs.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text), ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}

/// Files of the product with their measure; modules that exist for tests only are left out.
fn product() -> Vec<(Source, Measure)> {
    let measured: Vec<_> = sources()
        .into_iter()
        .filter(|source| source.is_in(&PRODUCT))
        .map(|source| {
            let measure = Measure::of(&source.text);
            (source, measure)
        })
        .collect();
    let for_tests: BTreeSet<String> = measured
        .iter()
        .flat_map(|(source, measure)| {
            let module = source.path.trim_end_matches(".rs");
            let folder = module.rsplit_once('/').map_or("", |(folder, _)| folder);
            let is_folder = ["/mod", "/lib", "/main"]
                .iter()
                .any(|name| module.ends_with(name));
            let below = if is_folder { folder } else { module };
            let names = measure.test_modules.iter();
            names
                .map(|(name, path)| match path {
                    Some(path) => format!("{folder}/{}", path.trim_end_matches(".rs")),
                    None => format!("{below}/{name}"),
                })
                .collect::<Vec<_>>()
        })
        .collect();
    let is_test = |path: &str| {
        for_tests.contains(path.trim_end_matches(".rs"))
            || for_tests
                .iter()
                .any(|module| path.starts_with(&format!("{module}/")))
    };
    measured
        .into_iter()
        .filter(|(source, _)| !is_test(&source.path))
        .collect()
}

/// Whether the comments and attributes directly above this line (counted from 1) hold a reason.
fn has_reason_above(text: &str, line: usize) -> bool {
    let lines: Vec<_> = text.lines().take(line - 1).map(str::trim_start).collect();
    let above = lines.iter().rev();
    above
        .take_while(|line| line.starts_with("//") || line.starts_with('#'))
        .any(|line| line.contains(REASON))
}

#[test]
fn no_file_is_long_without_a_reason() {
    let mut long = Vec::new();
    for (source, measure) in product() {
        let lines = source.text.lines().count() - measure.test_lines;
        let mut opening = source.text.lines().take_while(|line| line.starts_with("//!"));
        if lines > LONGEST_FILE && !opening.any(|line| line.contains(REASON)) {
            long.push(format!("{}: {lines} lines", source.path));
        }
    }
    assert_none(
        &format!("files over {LONGEST_FILE} lines whose `//!` says no `{REASON} …`"),
        &long,
    );
}

#[test]
fn no_function_is_long_without_a_reason() {
    let mut long = Vec::new();
    for (source, measure) in product() {
        for (name, line, lines) in &measure.functions {
            if *lines > LONGEST_FUNCTION && !has_reason_above(&source.text, *line) {
                long.push(format!("{}:{line}: {name} has {lines} lines", source.path));
            }
        }
    }
    assert_none(
        &format!("functions over {LONGEST_FUNCTION} lines without `{REASON} …` above"),
        &long,
    );
}

#[test]
fn the_measure_counts_what_it_should() {
    let text = "//! A file.\n\
                // long because of this.\n\
                #[inline]\n\
                fn f() {\n\
                    g();\n\
                }\n\
                \n\
                fn g() {}\n\
                #[cfg(test)]\n\
                mod tests {\n\
                    fn h() {}\n\
                }\n\
                #[cfg(test)]\n\
                #[path = \"shape_tests.rs\"]\n\
                mod more;\n";
    let measure = Measure::of(text);
    assert_eq!(measure.functions, [("f".into(), 4, 3), ("g".into(), 8, 1)]);
    assert_eq!(measure.test_lines, 7);
    assert_eq!(
        measure.test_modules,
        [("more".to_owned(), Some("shape_tests.rs".to_owned()))]
    );
    assert!(has_reason_above(text, 4) && !has_reason_above(text, 8));
}
