//! A detail as it is answered.

use serde_json::json;

use super::*;
use crate::simulator::world::World;

fn shown(index: u32, formatted: bool) -> Value {
    let world = World::new(1, 500, 1_700_000_000, 1000);
    let text = detail(
        &OkkiSettings::default(),
        formatted,
        index,
        world.entry(index),
        &world.customer(index),
    );
    serde_json::from_str(&text).unwrap_or_default()
}

fn values<'a>(detail: &'a Value, field: &str) -> Vec<&'a Value> {
    let groups = detail["company"].as_array().into_iter().flatten();
    let fields = groups.flat_map(|group| group["fields"].as_array().into_iter().flatten());
    fields
        .filter(|f| f["name"] == field)
        .map(|f| &f["value"])
        .collect()
}

#[test]
fn the_two_sources_collide_and_the_text_comes_last() {
    let detail = shown(3, false);
    let both = values(&detail, "客户来源");
    assert_eq!(both.len(), 2);
    assert!(both[0].is_array() && both[1].is_string());
}

#[test]
fn a_formatted_answer_shows_labels() {
    let index = (0..500).find(|i| values(&shown(*i, false), "年采购额").first() == Some(&&json!(11)));
    let detail = shown(index.unwrap_or_default(), true);
    assert_eq!(values(&detail, "年采购额"), [&json!("500万美元以上")]);
}

#[test]
fn missing_fields_are_really_missing() {
    assert!((0..500).any(|i| values(&shown(i, false), "客户星级").is_empty()));
    assert!((0..500).any(|i| values(&shown(i, false), "座机").is_empty()));
    let contacts = (0..500).flat_map(|i| {
        shown(i, false)["customers"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    });
    assert!(contacts.into_iter().any(|c| c.get("email").is_none()));
}

#[test]
fn telephones_come_in_three_shapes() {
    let text = |t: &str| Loose::Text(t.into());
    let two = [(text("86"), Loose::Int(5)), (text("1"), text("6"))];
    assert_eq!(tel_list(TelList::Pairs, &two), r#"[["86",5],["1","6"]]"#);
    assert_eq!(
        tel_list(TelList::Objects, &two),
        r#"[{"0":"86","1":5},{"0":"1","1":"6"}]"#
    );
    assert_eq!(tel_list(TelList::Flat, &two), r#"["86",5]"#);
}
