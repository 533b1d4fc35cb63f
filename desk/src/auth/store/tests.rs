//! People, sessions and tokens in their file.

use super::*;
use std::os::unix::fs::PermissionsExt;

fn people() -> (tempfile::TempDir, People) {
    let folder = tempfile::tempdir().unwrap();
    let people = People::open(folder.path(), "t").unwrap();
    (folder, people)
}

#[test]
fn the_file_is_read_by_nobody_else() {
    let (folder, _people) = people();
    let rights = std::fs::metadata(folder.path().join("t.people.sqlite")).unwrap();
    assert_eq!(rights.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_session_ends_by_itself_by_hand_and_with_its_person() {
    let (_folder, people) = people();
    assert!(people.put("Wang", "hash", Role::Operator, 0).unwrap());
    people.begin_session("one", "Wang", 1_000).unwrap();
    let of = |secret: &str, now| people.session(secret, now).unwrap();
    assert_eq!(of("one", 2_000), Some(("Wang".into(), Role::Operator)));
    assert_eq!(of("other", 2_000), None);
    assert_eq!(of("one", 1_000 + IDLE_MS + 1), None, "nobody used it");
    // Used all the time it ends all the same.
    for hour in 1..24 * 7 {
        assert!(of("one", 1_000 + hour * 3_600_000).is_some(), "{hour}");
    }
    assert_eq!(of("one", 1_000 + WHOLE_MS + 1), None);
    people.begin_session("two", "Wang", 1_000).unwrap();
    people.end_session("two").unwrap();
    assert_eq!(of("two", 1_000), None);
    people.begin_session("three", "Wang", 1_000).unwrap();
    assert!(
        !people.put("wang", "hash", Role::Viewer, 0).unwrap(),
        "the same person"
    );
    assert_eq!(of("three", 1_000), None, "another password or role ends sessions");
    people.begin_session("four", "Wang", 1_000).unwrap();
    assert_eq!(of("four", 1_000), Some(("Wang".into(), Role::Viewer)));
    assert!(people.remove("Wang").unwrap() && !people.remove("Wang").unwrap());
    assert_eq!(of("four", 1_000), None);
}

#[test]
fn a_token_has_a_role_and_an_end_and_is_kept_as_a_digest() {
    let (folder, people) = people();
    let token = Token {
        name: "backup".into(),
        role: Role::Viewer,
        added_at: 0,
        ends_at: 100,
    };
    assert!(people.add_token(&token, "secret-of-the-token").unwrap());
    assert!(!people.add_token(&token, "another").unwrap());
    assert_eq!(
        people.token("secret-of-the-token", 99).unwrap(),
        Some(("backup".into(), Role::Viewer))
    );
    assert_eq!(people.token("secret-of-the-token", 100).unwrap(), None);
    assert_eq!(people.token("another", 0).unwrap(), None);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let found = bytes.windows(19).any(|part| part == b"secret-of-the-token");
        assert!(!found);
    }
    assert!(people.remove_token("Backup").unwrap());
}
