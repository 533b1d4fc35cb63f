//! `loader form`: whoever sets a pipeline up finds app, form and key widget without any id, and without RabbitMQ.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, Service};
use kit::simulator::{
    APP_ID, AppSpec, ENTRY_ID, FormSpec, JdySettings, KEY_WIDGET, KeyRule, WidgetSpec, cell_widget,
};
use pipeline::setup::{Catalogue, FormSheet, Rows};
use serde_json::json;

const LIMIT: Duration = Duration::from_secs(60);
const OTHER_APP: &str = "5f00000000000000000000a1";
const EMPTY_APP: &str = "5f00000000000000000000a2";
/// So many forms need a second page.
const MANY: usize = 150;

fn spec(app_id: &str, number: usize, name: &str, widgets: Vec<WidgetSpec>) -> FormSpec {
    FormSpec {
        app_id: app_id.to_owned(),
        entry_id: format!("{:024x}", 0x5f00_0000_u64 + number as u64),
        name: name.to_owned(),
        widgets,
    }
}

/// An account in which no form is named by the settings.
async fn account(seed: u64, change: impl FnOnce(&mut JdySettings, &mut Vec<FormSpec>)) -> PipelineUnderTest {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(1)
        .seed(seed)
        .simulator(|options| {
            let app = |app_id: &str, name: &str| AppSpec {
                app_id: app_id.to_owned(),
                name: name.to_owned(),
            };
            options.settings.jdy.apps = vec![
                app(APP_ID, "CRM"),
                app(OTHER_APP, "CRM"),
                app(EMPTY_APP, "空应用"),
            ];
            change(&mut options.settings.jdy, &mut options.forms);
        })
        .start()
        .await;
    for name in ["JDY_APP_ID", "JDY_ENTRY_ID", "JDY_KEY_WIDGET", "AMQP_URL"] {
        pipeline.unset_for(Service::Loader, name);
    }
    pipeline
}

/// Exit code, what was said, and the error.
async fn form(pipeline: &PipelineUnderTest, arguments: &[&str]) -> (Option<i32>, String, String) {
    let arguments: Vec<&str> = ["form"].into_iter().chain(arguments.iter().copied()).collect();
    let output = pipeline.tool_output(Service::Loader, &arguments);
    let output = tokio::time::timeout(LIMIT, output)
        .await
        .expect("ends by itself")
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

async fn shown(pipeline: &PipelineUnderTest, arguments: &[&str]) -> String {
    let (code, said, complained) = form(pipeline, arguments).await;
    assert_eq!(code, Some(0), "{arguments:?}: {said} {complained}");
    said
}

async fn refused(pipeline: &PipelineUnderTest, arguments: &[&str], code: i32) -> String {
    let (ended, said, complained) = form(pipeline, arguments).await;
    assert_eq!(ended, Some(code), "{arguments:?}: {said} {complained}");
    complained
}

async fn sheet(pipeline: &PipelineUnderTest, arguments: &[&str]) -> FormSheet {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    serde_json::from_str(&shown(pipeline, &arguments).await).unwrap()
}

#[tokio::test]
async fn every_app_and_form_is_shown_however_long_the_pages_are() {
    for listed in [None, Some(40)] {
        let pipeline = account(601, |jdy, forms| {
            jdy.listed = listed;
            forms.extend((0..MANY).map(|n| spec(OTHER_APP, n, &format!("订单 {n}"), Vec::new())));
        })
        .await;
        let found: Catalogue = serde_json::from_str(&shown(&pipeline, &["--json"]).await).unwrap();
        let forms: Vec<(&str, &str, usize)> = found
            .apps
            .iter()
            .map(|app| (app.id.as_str(), app.name.as_str(), app.forms.len()))
            .collect();
        assert_eq!(
            forms,
            [
                (APP_ID, "CRM", 1),
                (OTHER_APP, "CRM", MANY),
                (EMPTY_APP, "空应用", 0)
            ]
        );
        let last = &found.apps[1].forms[MANY - 1];
        assert_eq!(last.name, format!("订单 {}", MANY - 1));
        let said = shown(&pipeline, &[]).await;
        for part in [
            "OKKI 客户",
            ENTRY_ID,
            "no form that the API key sees",
            "loader form --app APP",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}

#[tokio::test]
async fn a_vendor_that_does_not_page_is_not_asked_for_ever() {
    let pipeline = account(602, |jdy, forms| {
        jdy.ignore_skip = true;
        forms.extend((0..MANY).map(|n| spec(OTHER_APP, n, "订单", Vec::new())));
    })
    .await;
    let found: Catalogue = serde_json::from_str(&shown(&pipeline, &["--json"]).await).unwrap();
    assert_eq!(
        found.apps[1].forms.len(),
        100,
        "all that the vendor lets itself be asked for"
    );
}

#[tokio::test]
async fn a_form_is_found_by_a_name_that_only_it_has() {
    let pipeline = account(603, |_, forms| {
        forms.push(spec(OTHER_APP, 1, "订单", Vec::new()));
        forms.push(spec(OTHER_APP, 2, "OKKI 客户", Vec::new()));
    })
    .await;
    let orders = sheet(&pipeline, &["--form", "订单"]).await;
    assert_eq!(orders.app_id, OTHER_APP);
    let ours = sheet(&pipeline, &["--app", APP_ID, "--form", "OKKI 客户"]).await;
    assert_eq!((ours.app_id.as_str(), ours.entry_id.as_str()), (APP_ID, ENTRY_ID));
    assert_eq!(sheet(&pipeline, &["--form", ENTRY_ID]).await, ours);
    for (arguments, candidates) in [
        (
            vec!["--form", "OKKI 客户"],
            vec!["several forms", ENTRY_ID, "000000005f000002"],
        ),
        (
            vec!["--app", "CRM", "--form", "订单"],
            vec!["several apps", APP_ID, OTHER_APP],
        ),
        (vec!["--form", "客户"], vec!["no form `客户`", ENTRY_ID]),
        (vec!["--app", "空应用", "--form", "订单"], vec!["no form `订单`"]),
        (
            vec!["--app", APP_ID, "--form", ENTRY_ID, "--key-widget", "名称"],
            vec!["no widget `名称`", "客户公司名称"],
        ),
        (vec!["--key-widget", "OKKI ID"], vec!["--form"]),
    ] {
        let error = refused(&pipeline, &arguments, 78).await;
        for part in candidates {
            assert!(error.contains(part), "{arguments:?} {part}: {error}");
        }
    }
    let app = shown(&pipeline, &["--app", "空应用"]).await;
    assert!(app.contains("空应用") && !app.contains("订单"), "{app}");
}

#[tokio::test]
async fn the_widgets_of_a_form_say_which_of_them_can_hold_the_key() {
    let mut pipeline = account(604, |_, forms| {
        let mut subform = WidgetSpec::new("_widget_sub", "明细", "subform");
        subform.items = vec![WidgetSpec::new("_widget_item", "数量", "text")];
        let filled = WidgetSpec {
            members: [("defaultValue".to_owned(), json!("x"))].into_iter().collect(),
            ..WidgetSpec::new("_widget_filled", "默认", "text")
        };
        let first = forms.first_mut().unwrap();
        *first =
            first
                .clone()
                .with(subform)
                .with(filled)
                .with(WidgetSpec::new("_widget_stars", "星数", "number"));
        let number = WidgetSpec::new("_widget_n", "数", "number");
        forms.push(spec(OTHER_APP, 1, "数字", vec![number]));
    })
    .await;
    for n in 0..6 {
        let row = json!({cell_widget(0): {"value": format!("公司 {n}")}});
        pipeline.simulator.insert_row(&row).unwrap();
    }
    let found = sheet(&pipeline, &["--form", "OKKI 客户"]).await;
    let why = |name: &str| {
        let widget = found.widgets.iter().find(|widget| widget.name == name).unwrap();
        widget.no_key.clone().unwrap_or_default()
    };
    assert_eq!(why(KEY_WIDGET), "");
    assert!(why("_widget_stars").contains("of type number"));
    assert!(why("_widget_filled").contains("defaultValue"));
    assert!(why("_widget_sub").contains("of type subform"));
    assert_eq!(why(&cell_widget(0)), "holds texts that are no customer ids");
    let item = found
        .widgets
        .iter()
        .find(|widget| !widget.items.is_empty())
        .unwrap();
    assert!(item.items[0].no_key.as_deref().unwrap().contains("subform"));

    let said = shown(&pipeline, &["--form", "OKKI 客户"]).await;
    for part in [
        format!("JDY_APP_ID={APP_ID}\nJDY_ENTRY_ID={ENTRY_ID}\nJDY_KEY_WIDGET={KEY_WIDGET}\n"),
        "OKKI 客户 in app CRM".to_owned(),
        "no: is of type number".to_owned(),
        "数量".to_owned(),
        format!("--key-widget {KEY_WIDGET}"),
    ] {
        assert!(said.contains(&part), "{part}: {said}");
    }
    let said = shown(&pipeline, &["--form", "数字"]).await;
    assert!(
        said.contains("add a single-line text") && !said.contains("JDY_KEY_WIDGET="),
        "{said}"
    );
    pipeline.set_for(Service::Loader, "OKKI_LANG", "zh");
    let said = shown(&pipeline, &["--form", "OKKI 客户", "--key-widget", "星数"]).await;
    assert!(
        said.contains("星数 不能用作主键控件") && said.contains("而主键控件必须是"),
        "{said}"
    );
}

#[tokio::test]
async fn rows_without_a_key_are_counted_in_the_form_that_is_set() {
    let mut pipeline = account(605, |_, forms| {
        forms.push(spec(OTHER_APP, 1, "订单", Vec::new()));
    })
    .await;
    pipeline.set_for(Service::Loader, "JDY_APP_ID", APP_ID);
    pipeline.set_for(Service::Loader, "JDY_ENTRY_ID", ENTRY_ID);
    let none = Rows {
        seen: 0,
        more: false,
        keyless: None,
    };
    assert_eq!(sheet(&pipeline, &[]).await.rows, none);
    for n in 0..120 {
        let row = json!({cell_widget(1): {"value": n.to_string()}});
        pipeline.simulator.insert_row(&row).unwrap();
    }
    for n in 0..30 {
        let row = json!({KEY_WIDGET: {"value": format!("566574209456{n:02}")}});
        pipeline.simulator.insert_row(&row).unwrap();
    }
    let counted = Rows {
        seen: 100,
        more: true,
        keyless: Some(120),
    };
    assert_eq!(sheet(&pipeline, &["--key-widget", "OKKI ID"]).await.rows, counted);
    pipeline.set_for(Service::Loader, "JDY_KEY_WIDGET", KEY_WIDGET);
    assert_eq!(sheet(&pipeline, &[]).await.rows, counted, "as it is set");
    let said = shown(&pipeline, &[]).await;
    assert!(
        said.contains("at least 120 rows have nothing in OKKI ID")
            && said.contains("more than 100")
            && said.contains("loader adopt"),
        "{said}"
    );
    let all = shown(&pipeline, &["--all"]).await;
    assert!(all.contains("订单") && !all.contains("客户公司名称"), "{all}");
    assert_eq!(sheet(&pipeline, &["--form", "订单"]).await.app_id, OTHER_APP);
    assert_eq!(pipeline.simulator.form_rows(), 150, "nothing was written");
}

#[tokio::test]
async fn a_short_page_of_rows_is_not_the_end_of_the_form() {
    let pipeline = account(606, |jdy, _| jdy.page_rows = Some(2)).await;
    for n in 0..5 {
        let row = json!({cell_widget(1): {"value": n.to_string()}});
        pipeline.simulator.insert_row(&row).unwrap();
    }
    let found = sheet(
        &pipeline,
        &["--app", APP_ID, "--form", ENTRY_ID, "--key-widget", KEY_WIDGET],
    )
    .await;
    assert!(found.rows.more && found.rows.seen == 2, "{:?}", found.rows);
    assert_eq!(found.rows.keyless, Some(5));
}

#[tokio::test]
async fn a_refusal_is_told_with_what_to_do() {
    let scoped = KeyRule {
        apps: Some(vec![APP_ID.to_owned()]),
        ..KeyRule::default()
    };
    let refusing = KeyRule {
        apis: Some(vec!["apps".to_owned()]),
        ..KeyRule::default()
    };
    let mut pipeline = account(607, |jdy, forms| {
        jdy.keys.insert("scoped".to_owned(), Some(scoped));
        jdy.keys.insert("refusing".to_owned(), Some(refusing));
        forms.push(spec(OTHER_APP, 1, "订单", Vec::new()));
    })
    .await;
    let gone = format!("{:024x}", 7);
    let error = refused(&pipeline, &["--app", APP_ID, "--form", &gone], 1).await;
    assert!(
        error.contains("3000") && error.contains("loader form --all"),
        "{error}"
    );
    for (key, arguments, parts) in [
        ("wrong", vec![], ["17018", "check JDY_API_KEY"]),
        (
            "refusing",
            vec![],
            ["17054", "let the API key use the interfaces"],
        ),
        (
            "scoped",
            vec!["--app", OTHER_APP, "--form", ENTRY_ID],
            ["17053", "let the API key use this app"],
        ),
    ] {
        pipeline.set_for(Service::Loader, "JDY_API_KEY", key);
        let error = refused(&pipeline, &arguments, 1).await;
        assert!(parts.iter().all(|part| error.contains(part)), "{key}: {error}");
    }
    let found: Catalogue = serde_json::from_str(&shown(&pipeline, &["--json"]).await).unwrap();
    let forms: Vec<usize> = found.apps.iter().map(|app| app.forms.len()).collect();
    assert_eq!(forms, [1, 0, 0], "an app out of reach hides no other one");
    pipeline.set_for(Service::Loader, "JDY_BASE_URL", "http://127.0.0.1:9");
    let error = refused(&pipeline, &[], 1).await;
    assert!(
        error.contains("does not answer") && error.contains("JDY_BASE_URL"),
        "{error}"
    );
    pipeline.set_for(Service::Loader, "REDIS_URL", "redis://127.0.0.1:9");
    let error = refused(&pipeline, &[], 1).await;
    assert!(error.contains("REDIS_URL"), "{error}");
}
