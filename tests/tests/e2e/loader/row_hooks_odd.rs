//! Pushes that are forged, stale, doubled, many, or meet a broker, a Redis or a loader that is away.

use kit::pipeline::Service;
use kit::simulator::{Fault, FaultKind, Vendor, sign_push};
use kit::wait::{eventually, expect};
use serde_json::{Value, json};

use super::row_hooks::{LIMIT, cell, found, hear, hearing, loaded, row_of};

const NAME: usize = 0;

/// Posts a push by hand; the status of the answer.
async fn post(url: &str, body: &str, signature: &str, event: &str, timestamp: &str) -> u16 {
    let answer = reqwest::Client::new()
        .post(url)
        .query(&[("timestamp", timestamp), ("nonce", "0f5ade")])
        .header("X-JDY-Signature", signature)
        .header("X-JDY-DeliverId", event)
        .body(body.to_owned())
        .send();
    answer.await.unwrap().status().as_u16()
}

#[tokio::test]
async fn who_does_not_know_the_secret_says_nothing() {
    let (mut pipeline, _feed, loader) = loaded(hearing(20, 631)).await;
    let url = pipeline.simulator.settings().jdy.pushes.url.unwrap();
    let row = row_of(&pipeline, pipeline.simulator.company_ids()[1]);
    let now = jiff::Timestamp::now().as_second();
    let body = json!({"op": "data_remove", "data": {"_id": row, "_widget_okki_id": "7"}}).to_string();
    let sign = |secret: &str, at: i64| sign_push("0f5ade", &body, secret, &at.to_string());
    let right = sign("sim-hook-secret", now);
    let at = now.to_string();
    assert_eq!(post(&url, &body, &sign("another", now), "1", &at).await, 401);
    assert_eq!(post(&url, &body, "", "2", &at).await, 401);
    assert_eq!(post(&url, &body.replace('7', "8"), &right, "3", &at).await, 401);
    let old = now - 7200;
    assert_eq!(
        post(&url, &body, &sign("sim-hook-secret", old), "4", &old.to_string()).await,
        401
    );
    let path = url.rsplit_once('/').unwrap().0;
    assert_eq!(
        post(&format!("{path}/another-token-0123"), &body, &right, "5", &at).await,
        404
    );
    let nonsense = sign_push("0f5ade", "{}", "sim-hook-secret", &at);
    assert_eq!(post(&url, "{}", &nonsense, "6", &at).await, 400);
    let foreign = json!({"op": "data_remove", "data": {"_id": row, "appId": "another"}}).to_string();
    let signed = sign_push("0f5ade", &foreign, "sim-hook-secret", &at);
    assert_eq!(post(&url, &foreign, &signed, "7", &at).await, 200);

    // A right one says what is not so: the form is asked.
    assert_eq!(post(&url, &body, &right, "8", &at).await, 200);
    assert_eq!(post(&url, &body, &right, "9", &at).await, 200, "the same again");
    found(&pipeline, loader, "nothing", "left", 1).await;
    let (_, status) = pipeline[loader].get("/status").await.unwrap();
    let status: Value = serde_json::from_str(&status).unwrap();
    let arrived = &status["pushes"]["arrived"];
    assert_eq!(arrived["remove"], json!({"noted": 1, "repeated": 1}), "{arrived}");
    assert_eq!(arrived["unknown"]["forged"], 3, "{arrived}");
    assert_eq!(arrived["unknown"]["stale"], 1, "{arrived}");
    assert_eq!(arrived["unknown"]["foreign"], 1, "{arrived}");
    assert!(pipeline.simulator.judge().await.is_equal());
    pipeline.drain().await;
}

/// Forged ones of the vendor's address, doubled ones, and headers as the vendor's example shows them.
#[tokio::test]
async fn doubled_and_oddly_dressed_pushes_are_one() {
    let (mut pipeline, _feed, loader) = loaded(hearing(20, 632)).await;
    pipeline.simulator.set(|settings| {
        settings.jdy.pushes.doubled = true;
        settings.jdy.pushes.exchanged = true;
    });
    let ids = pipeline.simulator.company_ids();
    for id in &ids[..4] {
        pipeline.simulator.delete_rows(Some(&row_of(&pipeline, *id)));
    }
    found(&pipeline, loader, "removed", "left", 4).await;
    eventually(LIMIT, "every push has come twice", async || {
        let report = pipeline.simulator.pushes();
        expect(report.accepted == 8, || format!("{report:?}"))
    })
    .await;
    let (_, status) = pipeline[loader].get("/status").await.unwrap();
    let status: Value = serde_json::from_str(&status).unwrap();
    let arrived = &status["pushes"]["arrived"]["remove"];
    assert_eq!(arrived, &json!({"noted": 4, "repeated": 4}));
    assert_eq!(status["pushes"]["found"]["removed"]["left"], 4);
    pipeline.drain().await;
}

/// Noted before it is answered: while Redis is away nothing is, and the vendor repeats it.
#[tokio::test]
async fn a_push_that_cannot_be_noted_is_not_accepted_and_comes_again() {
    let wanted = hearing(20, 633)
        .proxies()
        .set_for(Service::Loader, "ON_ROW_REMOVED", "recreate");
    let (mut pipeline, feed, loader) = loaded(wanted).await;
    let ids = pipeline.simulator.company_ids();
    pipeline.simulator.set(|settings| {
        settings.jdy.pushes.retries = 1000;
        settings.jdy.pushes.off_after = 100_000;
    });
    pipeline.proxies.as_ref().unwrap().redis.cut();
    pipeline.simulator.delete_rows(Some(&row_of(&pipeline, ids[3])));
    eventually(LIMIT, "the push was refused", async || {
        let report = pipeline.simulator.pushes();
        expect(report.failed > 0 && report.accepted == 0, || {
            format!("{report:?}")
        })
    })
    .await;
    pipeline.proxies.as_ref().unwrap().redis.pass();

    // Without a broker nobody can be asked for: that waits, but the push is safe.
    let _fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
    found(&pipeline, loader, "removed", "asked", 1).await;
    pipeline.until_equal(LIMIT).await;
    pipeline.proxies.as_ref().unwrap().broker.cut();
    pipeline.simulator.delete_rows(Some(&row_of(&pipeline, ids[4])));
    eventually(LIMIT, "the push is noted without a broker", async || {
        let report = pipeline.simulator.pushes();
        expect(report.accepted == 2, || format!("{report:?}"))
    })
    .await;
    pipeline.proxies.as_ref().unwrap().broker.pass();
    found(&pipeline, loader, "removed", "asked", 2).await;
    let judged = pipeline.until_equal(LIMIT).await;
    assert_eq!((judged.form_rows, judged.duplicates), (20, 0));
    pipeline.drain().await;
}

/// The loader dies between taking, judging, asking and forgetting a hint: the next one finds all of it.
#[tokio::test]
async fn a_loader_that_dies_over_a_push_leaves_it_to_the_next() {
    let points = ["push-taken", "push-learned", "push-asked", "push-judged"];
    let deaths = (634..).zip(points).map(|(seed, point)| async move {
        let wanted = hearing(20, seed).set_all_for(
            Service::Loader,
            &[("ON_ROW_REMOVED", "recreate"), ("ON_ROW_EDITED", "restore")],
        );
        let (mut pipeline, feed, first) = loaded(wanted).await;
        pipeline.simulator.set(|settings| {
            settings.jdy.pushes.retries = 10_000;
            settings.jdy.pushes.off_after = 100_000;
        });
        let ids = pipeline.simulator.company_ids();
        let _fetching = feed.answer_references(&pipeline, &feed.record(&pipeline, ids[0]));
        pipeline[first].process().stop(LIMIT).await.unwrap();
        let deadly = pipeline.run_with(Service::Loader, &[("FAILPOINT", &format!("{point}:abort"))]);
        hear(&pipeline, deadly).await;
        pipeline.simulator.delete_rows(Some(&row_of(&pipeline, ids[3])));
        pipeline
            .simulator
            .edit_row(&row_of(&pipeline, ids[4]), &cell(NAME, "a person's"))
            .unwrap();
        pipeline[deadly].process().wait(LIMIT).await.unwrap();
        pipeline[deadly].kill9();
        let next = pipeline.run(Service::Loader);
        hear(&pipeline, next).await;
        let judged = pipeline.until_equal(LIMIT).await;
        assert_eq!((judged.form_rows, judged.duplicates), (20, 0), "{point}");
        assert_eq!(pipeline.simulator.pushes().accepted, 2, "{point}");
        pipeline[next].process().stop(LIMIT).await.unwrap();
    });
    futures::future::join_all(deaths).await;
}

/// One row a hundred times, and many rows once: looked at together, without using up the vendor's calls.
#[tokio::test]
async fn a_flood_of_pushes_costs_few_calls() {
    let wanted = hearing(60, 638).set_for(Service::Loader, "HOOK_RATE", "1000");
    let (mut pipeline, _feed, loader) = loaded(wanted).await;
    let ids = pipeline.simulator.company_ids();
    pipeline.simulator.set(|settings| {
        settings.jdy.pushes.retries = 10_000;
        settings.jdy.pushes.off_after = 100_000;
    });
    pipeline.simulator.reset_stats();
    let row = row_of(&pipeline, ids[0]);
    for time in 0..100 {
        let edit = cell(NAME, &format!("edited {time}"));
        pipeline.simulator.edit_row(&row, &edit).unwrap();
    }
    for id in &ids[1..] {
        let edit = cell(NAME, &format!("edited {id}"));
        pipeline
            .simulator
            .edit_row(&row_of(&pipeline, *id), &edit)
            .unwrap();
    }
    eventually(LIMIT, "every edited row is known", async || {
        let (_, status) = pipeline[loader]
            .get("/status")
            .await
            .map_err(|error| error.to_string())?;
        let status: Value = serde_json::from_str(&status).unwrap();
        let pushes = &status["pushes"];
        let edited = pushes["found"]["edited"]["left"].as_u64().unwrap_or(0);
        expect(edited >= 60 && pushes["waiting"] == 0, || format!("{pushes}"))
    })
    .await;
    let calls = pipeline.simulator.stats().jdy.total_calls;
    assert!(calls <= 100, "159 pushes cost {calls} calls");
    pipeline.drain().await;
}

/// A row that cannot be shown alone is given up after some looks, and keeps nobody waiting meanwhile (I12).
#[tokio::test]
async fn a_push_about_a_row_that_cannot_be_shown_stops_nobody() {
    let careless = hearing(20, 639).set_for(Service::Loader, "IGNORE_KEYLESS", "true");
    let (mut pipeline, feed, loader) = loaded(careless).await;
    let ids = pipeline.simulator.company_ids();
    pipeline
        .simulator
        .set(|settings| settings.jdy.pushes.late_ms = 500);
    let odd = pipeline
        .simulator
        .insert_row(&cell(NAME, "typed by hand"))
        .unwrap();
    let refused = FaultKind::Code {
        code: 3005,
        message: String::new(),
        status: None,
    };
    // Neither by its id nor on the page behind the id before it.
    let before = u128::from_str_radix(&odd, 16).unwrap() - 1;
    let page = Fault::on(Vendor::Jdy, "list", refused.clone()).containing(&format!("{before:024x}"));
    pipeline.simulator.fault(page);
    let refused = Fault::on(Vendor::Jdy, "get", refused).containing(&odd);
    pipeline.simulator.fault(refused);
    pipeline.simulator.delete_rows(Some(&row_of(&pipeline, ids[3])));
    found(&pipeline, loader, "removed", "left", 1).await;
    feed.put(&[feed.record(&pipeline, ids[3])]).await;
    pipeline.quiet(LIMIT, 0).await;
    assert!(pipeline[loader].is_ready().await);
    found(&pipeline, loader, "unreadable", "left", 1).await;
    assert_eq!(pipeline.simulator.form_rows(), 21);
    pipeline.drain().await;
}

/// A push may name the row and nothing else.
#[tokio::test]
async fn a_push_that_does_not_say_whose_row_it_was_is_enough() {
    let (mut pipeline, feed, loader) = loaded(hearing(20, 640)).await;
    let url = pipeline.simulator.settings().jdy.pushes.url.unwrap();
    pipeline.simulator.set(|settings| settings.jdy.pushes.lost = true);
    let id = pipeline.simulator.company_ids()[11];
    let row = row_of(&pipeline, id);
    pipeline.simulator.delete_rows(Some(&row));
    let at = jiff::Timestamp::now().as_millisecond().to_string();
    let body = json!({"op": "data_remove", "data": {"_id": row}}).to_string();
    let signed = sign_push("0f5ade", &body, "sim-hook-secret", &at);
    assert_eq!(post(&url, &body, &signed.to_uppercase(), "", &at).await, 200);
    found(&pipeline, loader, "removed", "left", 1).await;
    feed.put(&[feed.record(&pipeline, id)]).await;
    let judged = pipeline.until_equal(LIMIT).await;
    assert_eq!((judged.form_rows, judged.duplicates), (20, 0));
    pipeline.drain().await;
}

/// Whoever knows the secret may make up as many rows as he likes: those that the ledger knows go first, also one whose
/// key cell was cleared, and the others are few a minute.
#[tokio::test]
async fn a_flood_about_rows_that_nobody_has_keeps_no_known_row_waiting() {
    let careless = hearing(20, 641)
        .set_for(Service::Loader, "HOOK_RATE", "1000")
        .set_for(Service::Loader, "IGNORE_KEYLESS", "true");
    let (mut pipeline, _feed, loader) = loaded(careless).await;
    let url = pipeline.simulator.settings().jdy.pushes.url.unwrap();
    let ids = pipeline.simulator.company_ids();
    // Takes no time, but counts who asks for a row that was made up.
    let asked = Fault::on(Vendor::Jdy, "get", FaultKind::Slow { ms: 0 }).containing(&"0".repeat(20));
    pipeline.simulator.fault(asked);
    let begin = std::time::Instant::now();
    for made_up in 0..300 {
        let at = jiff::Timestamp::now().as_millisecond().to_string();
        let row = json!({"_id": format!("{made_up:024x}"), "_widget_okki_id": format!("77{made_up:05}")});
        let body = json!({"op": "data_update", "data": row}).to_string();
        let signed = sign_push("0f5ade", &body, "sim-hook-secret", &at);
        assert_eq!(
            post(&url, &body, &signed, &format!("flood-{made_up}"), &at).await,
            200
        );
    }
    let edit = cell(NAME, "edited by a person");
    pipeline
        .simulator
        .edit_row(&row_of(&pipeline, ids[3]), &edit)
        .unwrap();
    let (cleared, key) = (row_of(&pipeline, ids[4]), ids[4].to_string());
    let no_key = json!({"_widget_okki_id": {"value": ""}});
    pipeline.simulator.edit_row(&cleared, &no_key).unwrap();
    eventually(
        LIMIT,
        "both known rows were looked at before the flood",
        async || {
            let (_, status) = pipeline[loader]
                .get("/status")
                .await
                .map_err(|error| error.to_string())?;
            let pushes = serde_json::from_str::<Value>(&status).unwrap()["pushes"].take();
            let edited = pushes["found"]["edited"]["left"].as_u64().unwrap_or(0);
            // Who reads the rows again that were written a moment ago may have seen the empty key first, and written it.
            let rows = pipeline.simulator.rows(100);
            let is_mended = rows
                .iter()
                .any(|row| row["_id"] == cleared.as_str() && row["_widget_okki_id"] == key.as_str());
            let looked_at = edited + u64::from(is_mended && edited == 1);
            expect(looked_at >= 2 && pushes["waiting"].as_u64() >= Some(150), || {
                pushes.to_string()
            })
        },
    )
    .await;
    let gets = pipeline.simulator.faults()[0].seen;
    // Sixty a minute, however long this machine takes for it; every one that begins may count.
    let allowed = 60 * (begin.elapsed().as_secs() / 60 + 1);
    assert!(
        (1..=allowed).contains(&gets),
        "{gets} rows were asked for one by one, {allowed} may be"
    );
    pipeline[loader].kill9();
}
