//! Where handling begins again: said alike for every stage, shown in plan, listing and audit, and refused where it cannot be.

use kit::pipeline::Service;

use super::{buried, dead, ids, refused, said};

const WHY: [&str; 2] = ["--reason", "a test"];

#[tokio::test]
async fn a_plan_says_where_it_begins_and_what_cannot_be_is_refused() {
    let (pipeline, _feed) = buried(3, 423).await;
    let from = |how: &'static str, start| [&[how, "--from", start][..], &WHY].concat();
    for how in ["plan", "patch"] {
        let all: &[&str] = if how == "patch" { &["--all"] } else { &[] };
        let wanted = [&from(how, "mapping")[..], all].concat();
        let impossible = refused(&pipeline, Service::Loader, &wanted).await;
        assert!(
            impossible.contains("is not kept") && impossible.contains("--from fetch"),
            "{impossible}"
        );
    }
    let impossible = refused(&pipeline, Service::Extractor, &from("plan", "mapping")).await;
    assert!(impossible.contains("--from fetch"), "{impossible}");
    let unknown = refused(&pipeline, Service::Loader, &from("plan", "transform")).await;
    assert!(unknown.contains("write step, mapping or fetch"), "{unknown}");

    let plan = dead(
        &pipeline,
        Service::Loader,
        &[&from("plan", "fetch")[..], &["--json"]].concat(),
    )
    .await;
    assert_eq!(
        (&plan["from"], &plan["cost"]["detail_calls"]),
        (&"fetch".into(), &3.into()),
        "{plan}"
    );
    let text = said(&pipeline, Service::Loader, &from("plan", "fetch")).await;
    assert!(text.contains("the fetch: the customer's details"), "{text}");
    for look in ["plans", "audit"] {
        let text = said(&pipeline, Service::Loader, &[look]).await;
        assert!(text.contains("from the fetch"), "{look}: {text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
    let step = dead(
        &pipeline,
        Service::Loader,
        &[&["plan", "--json"][..], &WHY].concat(),
    )
    .await;
    assert_eq!(
        (&step["from"], &step["cost"]["detail_calls"]),
        (&"step".into(), &0.into()),
        "{step}"
    );
}

#[tokio::test]
async fn a_row_whose_source_is_not_kept_says_so() {
    let (pipeline, _feed) = buried(1, 424).await;
    let id = ids(&pipeline, Service::Loader).await.remove(0);
    let text = said(&pipeline, Service::Loader, &["show", &id, "--source"]).await;
    assert!(text.contains("not kept"), "{text}");
    let json = dead(&pipeline, Service::Loader, &["show", &id, "--source", "--json"]).await;
    assert!(json["source"].is_null() && json.get("source").is_some(), "{json}");
    let other = refused(&pipeline, Service::Transformer, &["show", &id, "--source"]).await;
    assert!(other.contains("--source"), "{other}");
}
