//! Answers of every shape that OKKI gives, and what is made of them.

use super::*;

fn raw(json: &str) -> Box<RawValue> {
    serde_json::from_str(json).unwrap()
}

fn page(json: &str) -> Result<Page, Error> {
    read_page(&raw(json), Some(1), false)
}

fn page_of(row: &str) -> Page {
    page(&format!(r#"{{"list":[{row}],"totalItem":1}}"#)).unwrap()
}

#[test]
fn a_documented_page() {
    let page = page(
        r#"{"list":[{"company_id":56657420945678,"user_id":"55280038","update_time":"2025-11-06 00:08:47"},
                    {"company_id":"56657420945679"}],"totalItem":"2","count":2}"#,
    )
    .unwrap();
    assert_eq!(page.total, Some(2));
    assert_eq!(page.items[0].update_time, 1_762_358_927);
    assert_eq!(
        page.items[1],
        ListItem {
            company_id: "56657420945679".into(),
            update_time: 0
        }
    );
}

#[test]
fn a_listed_time_that_nobody_can_read_is_told_and_no_version() {
    let page = page(
        r#"{"list":[{"company_id":1,"update_time":"2025-11-06T00:08:47+08:00"},{"company_id":2,"update_time":"soon"},
                    {"company_id":3,"update_time":[1]},{"company_id":4,"update_time":1762358927000}],"totalItem":4}"#,
    )
    .unwrap();
    let times: Vec<_> = page.items.iter().map(|item| item.update_time).collect();
    assert_eq!(times, [1_762_358_927, 0, 0, 1_762_358_927]);
    assert_eq!(
        page.untimed,
        [
            "customer 2: `update_time` `soon` cannot be read as a time",
            "customer 3: `update_time` `[1]` cannot be read as a time"
        ]
    );
}

#[test]
fn a_listed_time_that_lies_ahead_is_no_version() {
    let now = time::now();
    let read = |id: &str, at: i64, said| {
        let json = format!(r#"{{"list":[{{"company_id":{id},"update_time":{at}}}],"totalItem":1}}"#);
        read_page(&raw(&json), said, false).unwrap()
    };
    let (hour, month) = (3_600, 30 * 86_400);
    for (ahead, said) in [
        (now + month, Some(now)),
        (now + hour, Some(now)),
        (now + month, None),
    ] {
        let page = read("7", ahead, said);
        assert_eq!(
            (page.items[0].update_time, page.ahead),
            (0, vec![("7".to_owned(), ahead)])
        );
    }
    let damaged = read(r#""x""#, now + month, None);
    assert_eq!(damaged.damaged[0].update_time, 0);
    for (at, said) in [
        (now + month, Some(now + month)),
        (now + hour, None),
        (now, Some(now - hour)),
    ] {
        let page = read("7", at, said);
        assert_eq!(page.items[0].update_time, at, "a clock may be right");
        assert!(page.ahead.is_empty());
    }
}

#[test]
fn a_bad_row_costs_one_row() {
    let page = page(r#"{"list":[{"company_id":1},{"name":"x"},7,{"company_id":[]}],"totalItem":4}"#).unwrap();
    assert_eq!((page.items.len(), page.damaged.len(), page.rows()), (1, 3, 4));
    let named = page_of(r#"{"company_id":"5.6e99","serial_id":"C7","update_time":"2025-11-06 00:08:47"}"#);
    let expected = DamagedRow {
        reason: "`company_id` is `5.6e99`".to_owned(),
        serial_id: Some("C7".to_owned()),
        update_time: 1_762_358_927,
    };
    assert_eq!(named.damaged, [expected]);
    for (row, id) in [
        (r#"{"company_id":5.6657420945678e13}"#, "56657420945678"),
        (r#"{"company_id":"5.0"}"#, "5"),
        (r#"{"company_id":"５６６５"}"#, "5665"),
    ] {
        assert_eq!(page_of(row).items[0].company_id, id, "{row}");
    }
}

#[test]
fn lists_in_odd_containers() {
    assert_eq!(
        page(r#"{"list":{"3":{"company_id":5}},"totalItem":1}"#)
            .unwrap()
            .items
            .len(),
        1
    );
    assert_eq!(page(r#"{"list":null,"totalItem":"0"}"#).unwrap().rows(), 0);
    assert!(matches!(
        page(r#"{"list":null,"totalItem":3}"#),
        Err(Error::Shape(_))
    ));
    let later = |json| read_page(&raw(json), None, true);
    assert_eq!(later(r#"{"list":null,"totalItem":3}"#).unwrap().rows(), 0);
    assert!(matches!(later(r#"{"list":"none"}"#), Err(Error::Shape(_))));
    for renamed in [
        r#"{"rows":[{"company_id":5}],"totalItem":0}"#,
        r#"{"list":null,"items":[{"company_id":5}],"totalItem":"0"}"#,
    ] {
        assert!(matches!(page(renamed), Err(Error::Shape(_))), "{renamed}");
        assert!(matches!(later(renamed), Err(Error::Shape(_))), "{renamed}");
    }
    assert_eq!(page(r#"{"fields":[],"totalItem":0}"#).unwrap().rows(), 0);
    assert!(matches!(page(r#"{"list":"none"}"#), Err(Error::Shape(_))));
}

#[test]
fn groups_are_found_anywhere_in_the_tree() {
    let tree = raw(r#"[{"id":1,"name":"A","node":[{"id":"22","name":"B","node":[]}]}]"#);
    assert_eq!(read_groups(&tree, "22").unwrap(), "B");
    assert_eq!(is_below(&tree, "1", "22"), Some(true));
    assert_eq!(is_below(&tree, "22", "22"), Some(true));
    assert_eq!(is_below(&tree, "22", "1"), Some(false));
    assert_eq!(is_below(&tree, "5", "1"), None);
    assert!(
        read_groups(&tree, "3")
            .unwrap_err()
            .to_string()
            .contains("no customer group 3")
    );
}

#[test]
fn a_detail_is_about_the_customer_asked_for_and_keeps_its_bytes() {
    let json = r#"{"company_id": "9",  "update_time":"2025-11-06 00:08:47","tel_list":[["1","2"]]}"#;
    let detail = read_detail(raw(json), None, "9").unwrap();
    assert_eq!(detail.json.get(), json);
    assert_eq!(detail.update_time, Some(1_762_358_927));
    assert!(matches!(
        read_detail(raw(json), None, "8"),
        Err(Error::Another { .. })
    ));
    assert!(matches!(read_detail(raw("[]"), None, "8"), Err(Error::Shape(_))));
}

#[test]
fn a_detail_is_ordered_by_a_time_that_was_read_and_has_been() {
    let read = |time: &str, now| {
        let json = format!(r#"{{"company_id":9,"update_time":{time}}}"#);
        read_detail(raw(&json), now, "9").map(|detail| detail.update_time)
    };
    assert_eq!(read("1762358927", None).unwrap(), Some(1_762_358_927));
    assert_eq!(read("null", None).unwrap(), None);
    let odd = read(r#""6. Nov""#, None).unwrap_err().to_string();
    assert!(
        odd.contains("detail of 9: `update_time` `6. Nov` cannot be read"),
        "{odd}"
    );
}

#[test]
fn a_detail_of_the_future_is_one_of_now() {
    let now = time::now();
    let read = |time: i64, said| {
        let json = format!(r#"{{"company_id":9,"update_time":{time}}}"#);
        read_detail(raw(&json), said, "9").unwrap()
    };
    let (hour, month) = (3_600, 30 * 86_400);
    let ahead = |at, said| read(at, said).ahead.is_some();
    assert!(ahead(now + hour, Some(now)));
    assert!(!ahead(now + APART_S / 2, Some(now)), "clocks differ a little");
    assert!(!ahead(now + month, Some(now + month)), "their clock may be right");
    assert!(!ahead(now, Some(now - 8 * hour)), "or ours");
    assert!(!ahead(now + hour, None) && ahead(now + month, None));
    let shown = read(now + hour, Some(now + 5));
    assert_eq!(
        (shown.update_time, shown.ahead),
        (Some(now + hour), Some(now + 5))
    );
}
