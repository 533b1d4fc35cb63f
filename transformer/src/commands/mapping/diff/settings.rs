//! What two mappings say beside the cells: where rows go, and how they are written.

use crate::map::Mapping;

/// What is said differently: name, before, after.
pub(super) type Setting = (&'static str, String, String);

/// The settings that differ.
pub(super) fn differences(old: &Mapping, new: &Mapping) -> Vec<Setting> {
    let (before, after) = (of(old), of(new));
    let both = before.into_iter().zip(after);
    both.filter(|((_, before), (_, after))| before != after)
        .map(|((name, before), (_, after))| (name, before.unwrap_or_default(), after.unwrap_or_default()))
        .collect()
}

fn of(mapping: &Mapping) -> [(&'static str, Option<String>); 6] {
    let other = mapping.other_request();
    let text = |text: Option<&str>| text.map(str::to_owned);
    let flag = |flag: Option<bool>| flag.map(|flag| flag.to_string());
    [
        ("key_widget", mapping.extras().key_widget.clone()),
        ("app_id", text(other.app_id())),
        ("entry_id", text(other.entry_id())),
        ("is_start_workflow", flag(other.is_start_workflow())),
        ("is_start_trigger", flag(other.is_start_trigger())),
        ("data_creator", text(other.data_creator())),
    ]
}
