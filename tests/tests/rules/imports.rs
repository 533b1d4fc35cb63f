//! What a file imports: every path of its code that leads into its own crate, test code excluded.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use syn::{
    Attribute, ImplItemFn, Item, ItemMod, ItemUse, Macro, Meta, UseTree, Visibility,
    visit::{self, Visit},
};

/// Names from the crate's root, such as `["broker", "error"]`.
pub(crate) type Module = Vec<String>;

/// What a file says of others.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    /// Paths as written, such as `["super", "error", "Error"]`, with the module in which they stand.
    pub paths: BTreeSet<(Module, Vec<String>)>,
    /// Names that others may take from here and where they come from, with the module in which they stand.
    pub reexports: Vec<(Module, String, Vec<String>)>,
    /// Child modules that exist for tests only.
    pub test_modules: Vec<Module>,
}

/// Reads the imports of the file that is this module.
pub(crate) fn of(module: &Module, text: &str) -> Imports {
    let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{module:?}: {error}"));
    let mut reader = Reader {
        at: module.clone(),
        imports: Imports::default(),
    };
    reader.visit_file(&file);
    reader.imports
}

struct Reader {
    at: Module,
    imports: Imports,
}

impl Reader {
    fn add(&mut self, path: Vec<String>) {
        self.imports.paths.insert((self.at.clone(), path));
    }

    /// Paths in the unparsed tokens of a macro call.
    fn scan(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) if colons == 2 && !path.is_empty() => {
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Ident(ident) => {
                    self.add(std::mem::replace(&mut path, vec![ident.to_string()]));
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.add(std::mem::take(&mut path));
                    self.scan(group.stream());
                    colons = 0;
                }
                _ => {
                    self.add(std::mem::take(&mut path));
                    colons = 0;
                }
            }
        }
        self.add(path);
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes: &[Attribute] = match item {
            Item::Fn(it) => &it.attrs,
            Item::Impl(it) => &it.attrs,
            Item::Use(it) => &it.attrs,
            Item::Mod(it) => &it.attrs,
            Item::Struct(it) => &it.attrs,
            Item::Const(it) => &it.attrs,
            _ => &[],
        };
        if !is_for_tests(attributes) {
            visit::visit_item(self, item);
        } else if let Item::Mod(it) = item {
            let mut module = self.at.clone();
            module.push(it.ident.to_string());
            self.imports.test_modules.push(module);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.at.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.at.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let mut paths = Vec::new();
        expand(&item.tree, &mut Vec::new(), &mut paths);
        for (name, path) in paths {
            if !matches!(item.vis, Visibility::Inherited) {
                let at = self.at.clone();
                self.imports.reexports.push((at, name, path.clone()));
            }
            self.add(path);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.add(path.segments.iter().map(|s| s.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    /// `pub(in crate::broker)` is no import.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        self.scan(call.tokens.clone());
    }
}

/// Each name that a `use` brings, with its whole path; a glob brings `*`.
fn expand(tree: &UseTree, before: &mut Vec<String>, found: &mut Vec<(String, Vec<String>)>) {
    let mut with = |name: String, last: String| {
        let path = before.iter().cloned().chain([last]).collect();
        found.push((name, path));
    };
    match tree {
        UseTree::Name(name) if name.ident == "self" => {
            let name = before.last().cloned().unwrap_or_default();
            found.push((name, before.clone()));
        }
        UseTree::Name(name) => with(name.ident.to_string(), name.ident.to_string()),
        UseTree::Rename(rename) => with(rename.rename.to_string(), rename.ident.to_string()),
        UseTree::Glob(_) => with("*".into(), "*".into()),
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            expand(&path.tree, before, found);
            before.pop();
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                expand(tree, before, found);
            }
        }
    }
}

/// `#[cfg(test)]`, also inside `all` and `any`, and `#[test]`.
pub(crate) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => {
            let mut tokens = list.tokens.clone().into_iter();
            matches!(tokens.next(), Some(TokenTree::Ident(ident)) if ident == "test")
        }
        _ => false,
    })
}
