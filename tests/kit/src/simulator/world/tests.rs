//! The listing order, patches and removals.
#![allow(clippy::unwrap_used)]

use super::*;

fn world() -> World {
    World::new(5, 1000, 1_700_000_000, 86_400)
}

fn assert_sorted(world: &World) {
    assert!(world.listing(false).is_sorted());
    assert!(world.listing(true).is_sorted());
    for (updated, index) in world.listing(false) {
        assert_eq!(world.entry(*index).updated, *updated);
    }
}

#[test]
fn the_listing_stays_sorted_through_mutations() {
    let mut world = world();
    for index in world.draw(50) {
        world.change(index, None, 1_700_000_100).unwrap();
    }
    for index in world.draw(20) {
        world.remove(index, 1_700_000_200).unwrap();
    }
    let added = world.add(1_700_000_300);
    assert_eq!(world.len(), 981);
    assert_eq!(world.listing(true).len(), 20);
    let back = world.listing(true)[3].1;
    world.restore(back, 1_700_000_400);
    assert_sorted(&world);
    assert_eq!(world.index_of(company_id(added)), Some(added));
    assert_eq!(world.index_of(company_id(added) + 1), None);
    assert_eq!(world.index_of(1), None);
}

#[test]
fn bulk_imports_share_a_second() {
    let world = World::new(5, 5000, 1_700_000_000, 86_400);
    let same = world
        .listing(false)
        .windows(2)
        .filter(|w| w[0].0 == w[1].0)
        .count();
    assert!(same > 250, "{same}");
}

#[test]
fn a_patch_lasts_and_leaves_the_past_alone() {
    let mut world = world();
    world
        .change(
            3,
            Some(serde_json::json!({"short_name": "patched"})),
            1_700_000_001,
        )
        .unwrap();
    world.change(3, None, 1_700_000_002).unwrap();
    assert_eq!(world.customer(3).short_name, "patched");
    let before = content(world.seed(), 3, world.entry(3), 0);
    assert_ne!(before.short_name, "patched");
}

#[test]
fn a_bad_patch_names_the_field_and_changes_nothing() {
    let mut world = world();
    let error = world
        .change(3, Some(serde_json::json!({"shortname": 1})), 1)
        .unwrap_err()
        .to_string();
    assert!(error.contains("shortname"), "{error}");
    assert_eq!(world.entry(3).revision, 0);
}

#[test]
fn removed_customers_refuse_changes() {
    let mut world = world();
    world.remove(1, 1_700_000_001).unwrap();
    assert!(matches!(world.touch(1, 2), Err(WorldError::Removed(_))));
    assert!(matches!(world.change(1, None, 2), Err(WorldError::Removed(_))));
}
