//! No file of `pipeline` imports, directly or through others, a file that imports it: a circle can only be understood,
//! changed and moved as a whole.

use std::collections::{BTreeMap, BTreeSet};

use crate::imports::{self, Imports, Module};
use crate::source::{assert_none, sources};
use petgraph::{algo::tarjan_scc, graph::DiGraph};

const CHECKED: &str = "crates/pipeline/src";

/// A re-export of a re-export of a re-export is followed so far.
const DEPTH: usize = 8;

/// The files of one crate, by module.
struct Files {
    paths: BTreeMap<Module, String>,
    imports: BTreeMap<Module, Imports>,
}

impl Files {
    /// Of paths below the crate's `src` and their text; files that are modules of tests only are left out.
    fn new(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let (mut paths, mut read) = (BTreeMap::new(), BTreeMap::new());
        for (path, text) in files {
            let module = module_of(&path);
            read.insert(module.clone(), imports::of(&module, &text));
            paths.insert(module, path);
        }
        let for_tests: Vec<_> = read
            .values()
            .flat_map(|imports| imports.test_modules.clone())
            .collect();
        let is_product = |module: &Module| !for_tests.iter().any(|test| module.starts_with(test));
        paths.retain(|module, _| is_product(module));
        read.retain(|module, _| is_product(module));
        Self { paths, imports: read }
    }

    /// The file that defines what this path names, if it is one of these files.
    fn resolve(&self, at: &Module, path: &[String], depth: usize) -> Option<Module> {
        let mut rest = path;
        let mut module = at.clone();
        match rest.first()?.as_str() {
            "crate" => {
                module.clear();
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|name| name == "super") {
                    module.pop();
                    rest = &rest[1..];
                }
            }
            name if self.paths.contains_key(&child(&module, name)) => {}
            _ => return None,
        }
        // `super` or `crate` alone names nothing in the file.
        rest.first()?;
        while let Some(name) = rest.first() {
            let next = child(&module, name);
            if !self.paths.contains_key(&next) {
                break;
            }
            module = next;
            rest = &rest[1..];
        }
        if let (Some(name), true) = (rest.first(), depth < DEPTH)
            && let Some(defined) = self.follow(&module, name, path, depth)
        {
            return Some(defined);
        }
        self.file_of(module)
    }

    /// Where a name that `module` re-exports is defined.
    fn follow(&self, module: &Module, name: &String, path: &[String], depth: usize) -> Option<Module> {
        let imports = self.imports.get(module)?;
        let (at, _, source) = imports
            .reexports
            .iter()
            .find(|(at, exported, source)| at == module && exported == name && source != path)?;
        self.resolve(at, source, depth + 1)
    }

    /// A module inside a file belongs to that file.
    fn file_of(&self, mut module: Module) -> Option<Module> {
        while !self.paths.contains_key(&module) {
            module.pop()?;
        }
        Some(module)
    }

    /// Each group of files that import each other, with the imports inside the group.
    fn circles(&self) -> Vec<String> {
        let mut graph = DiGraph::new();
        let nodes: BTreeMap<_, _> = self
            .paths
            .keys()
            .map(|module| (module, graph.add_node(module)))
            .collect();
        for (module, imports) in &self.imports {
            let targets: BTreeSet<_> = imports
                .paths
                .iter()
                .filter_map(|(at, path)| self.resolve(at, path, 0))
                .collect();
            for target in targets.iter().filter(|target| *target != module) {
                graph.add_edge(nodes[module], nodes[target], ());
            }
        }
        let groups = tarjan_scc(&graph).into_iter().filter(|group| group.len() > 1);
        groups
            .map(|group| {
                let mut text = format!("a circle of {} files:", group.len());
                for node in &group {
                    let inside = graph.neighbors(*node).filter(|target| group.contains(target));
                    let names: BTreeSet<_> =
                        inside.map(|target| self.paths[graph[target]].as_str()).collect();
                    let names = names.into_iter().collect::<Vec<_>>().join(", ");
                    text += &format!("\n  {} imports {names}", self.paths[graph[*node]]);
                }
                text
            })
            .collect()
    }
}

fn module_of(path: &str) -> Module {
    let mut names: Module = path
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if names
        .last()
        .is_some_and(|name| ["mod", "lib", "main"].contains(&name.as_str()))
    {
        names.pop();
    }
    names
}

fn child(module: &Module, name: &str) -> Module {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

#[test]
fn no_files_of_pipeline_import_each_other_in_a_circle() {
    let files = sources().into_iter().filter_map(|source| {
        let path = source
            .path
            .strip_prefix(CHECKED)?
            .trim_start_matches('/')
            .to_owned();
        Some((path, source.text))
    });
    let files = Files::new(files);
    assert!(files.paths.len() > 50, "the search for files is broken");
    assert_none("files that import each other", &files.circles());
}

fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    Files::new(
        files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned())),
    )
    .circles()
}

#[test]
fn a_circle_of_three_files_is_found() {
    let found = circles_of(&[
        ("lib.rs", "pub mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::{self, B}; pub struct A;"),
        ("b.rs", "pub struct B; fn f() { super::c::g() }"),
        ("c.rs", "pub fn g() { let _ = vec![crate::a::A]; }"),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("a circle of 3 files"), "{found:?}");
    assert!(found[0].contains("\n  b.rs imports c.rs"), "{found:?}");
}

#[test]
fn a_name_is_looked_up_where_it_is_defined() {
    let through_the_parent = [
        (
            "a/mod.rs",
            "mod error; mod work; pub use error::Error; pub use work::work;",
        ),
        ("a/error.rs", "pub struct Error;"),
        ("a/work.rs", "use super::Error; pub fn work() -> Error { Error }"),
    ];
    assert_eq!(circles_of(&through_the_parent), Vec::<String>::new());
    let of_the_parent = [
        ("a/mod.rs", "mod work; pub use work::work; pub struct Error;"),
        ("a/work.rs", "use super::Error; pub fn work() -> Error { Error }"),
    ];
    assert_eq!(circles_of(&of_the_parent).len(), 1);
}

#[test]
fn tests_and_other_crates_are_no_part_of_a_circle() {
    let found = circles_of(&[
        (
            "a.rs",
            "use crate::b::B; use serde::de; #[cfg(test)] mod tests { use crate::c::C; }",
        ),
        (
            "b.rs",
            "pub struct B; #[cfg(test)] mod tests; #[cfg(test)] use crate::a; pub(in crate::a) struct D;",
        ),
        ("b/tests.rs", "use crate::a::A;"),
        ("c.rs", "use crate::a::A;"),
    ]);
    assert_eq!(found, Vec::<String>::new());
}
