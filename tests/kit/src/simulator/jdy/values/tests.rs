//! Values by the type of their widget.

use super::*;

fn stored(kind: &str, value: Value) -> Result<Value, i64> {
    let widget = WidgetSpec::new("_widget_1", "x", kind);
    store(&widget, &json!({"value": value}), &JdySettings::default()).map(|cell| cell.read())
}

#[test]
fn values_are_kept_converted_or_dropped_by_type() {
    for (kind, value, expected) in [
        ("text", json!("a"), json!("a")),
        ("text", json!(12.5), json!("12.5")),
        ("text", json!({}), Value::Null),
        ("text", json!(["a"]), Value::Null),
        ("number", json!("123"), json!(123)),
        ("number", json!("abc"), Value::Null),
        (
            "datetime",
            json!("2018-01-01T10:10:10.000Z"),
            json!("2018-01-01T10:10:10.000Z"),
        ),
        (
            "datetime",
            json!("2018-01-01 10:10:10"),
            json!("2018-01-01T10:10:10.000Z"),
        ),
        ("datetime", json!("2018-01-01"), json!("2018-01-01T00:00:00.000Z")),
        (
            "datetime",
            json!(1_508_539_311_430i64),
            json!("2017-10-20T22:41:51.430Z"),
        ),
        ("datetime", json!("2021/10/10 10:10:10"), Value::Null),
        ("datetime", json!(1_508_539_311), Value::Null),
        ("datetime", json!(""), Value::Null),
        ("combo", json!("any option"), json!("any option")),
        ("checkboxgroup", json!("bare"), Value::Null),
        ("checkboxgroup", json!(["a", "b"]), json!(["a", "b"])),
        ("address", json!("street"), Value::Null),
        ("phone", json!("135"), Value::Null),
        (
            "phone",
            json!({"phone": "135"}),
            json!({"phone": "135", "verified": false}),
        ),
        ("user", json!("Nobody"), Value::Null),
        ("dept", json!("部门"), Value::Null),
        ("lookup", json!("not an id"), Value::Null),
        ("sn", json!("1"), Value::Null),
        ("linkdata", json!("1"), Value::Null),
    ] {
        assert_eq!(stored(kind, value.clone()), Ok(expected), "{kind} {value}");
    }
}

#[test]
fn some_shapes_refuse_the_request() {
    assert_eq!(stored("linkobject", json!("id")), Err(3005));
    assert_eq!(stored("combo", json!("")), Err(3005));
    assert_eq!(stored("combo", Value::Null), Err(3005));
    assert_eq!(stored("text", json!("")), Ok(json!("")));
}

#[test]
fn bare_values_blank_the_cell_and_one_of_them_a_whole_subform() {
    let settings = JdySettings::default();
    let mut widget = WidgetSpec::new("_widget_1", "x", "text");
    assert_eq!(store(&widget, &json!("bare"), &settings), Ok(Cell::Empty));
    widget = WidgetSpec::new("_widget_2", "rows", "subform");
    widget.items = vec![WidgetSpec::new("_widget_3", "n", "number")];
    let rows = json!({"value": [{"_widget_3": {"value": 1}}, {"_widget_3": 2}]});
    assert_eq!(store(&widget, &rows, &settings).map(|c| c.read()), Ok(json!([])));
    let rows = json!({"value": [{"_widget_3": {"value": 1}}]});
    assert_eq!(
        store(&widget, &rows, &settings).map(|c| c.read()[0]["_widget_3"].clone()),
        Ok(json!(1))
    );
}
