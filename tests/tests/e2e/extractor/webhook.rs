//! Events of OKKI's webhook: a change is in the form because of its event, and nothing else that arrives at the listener
//! does more than a bounded number of calls. The listing comes once an hour in all of these.

use std::time::Duration;

use kit::pipeline::{PipelineUnderTest, ReplicaId, Service};
use kit::simulator::{PushForm, WebhookSettings};
use kit::wait::{eventually, expect};
use reqwest::Response;
use serde_json::{Value, json};

use super::details::status;
use super::sink::{Sink, calls, complaints};

pub(super) const LIMIT: Duration = Duration::from_secs(90);
pub(super) const TOKEN: &str = "token-of-this-test";

/// An extractor with a listener, after the first load of `customers`.
pub(super) struct Hooked {
    pub pipeline: PipelineUnderTest,
    pub extractor: ReplicaId,
    pub url: String,
    /// One for all calls: making one takes time.
    http: reqwest::Client,
}

impl Hooked {
    /// `form`: transformer and loader run, too.
    pub(super) async fn start(customers: u32, seed: u64, form: bool, settings: &[(&str, &str)]) -> Self {
        let builder = PipelineUnderTest::for_test()
            .customers(customers)
            .seed(seed)
            .set_for(Service::Extractor, "EVERY", "1h")
            .set_for(Service::Extractor, "HOOK_LISTEN", "127.0.0.1:0")
            .set_for(Service::Extractor, "HOOK_TOKEN", TOKEN)
            .set_for(Service::Loader, "ON_REMOVAL", "delete")
            .set_all_for(Service::Extractor, settings);
        let mut pipeline = builder
            .simulator(|options| {
                options.settings.okki.webhooks.retries_ms = vec![300; 200];
            })
            .start()
            .await;
        let extractor = pipeline.run(Service::Extractor);
        if form {
            pipeline.run(Service::Transformer);
            pipeline.run(Service::Loader);
            pipeline.until_equal(LIMIT).await;
        }
        Self::of(pipeline, extractor).await
    }

    /// An extractor that runs with a listener.
    pub(super) async fn of(pipeline: PipelineUnderTest, extractor: ReplicaId) -> Self {
        let mut hooked = Self {
            pipeline,
            extractor,
            url: String::new(),
            http: kit::http::client(),
        };
        hooked.url = hooked.address().await;
        hooked
    }

    /// Where the listener is, as `/status` says.
    pub(super) async fn address(&self) -> String {
        let listen = eventually(LIMIT, "the listener", async || {
            let status = self.status().await;
            let listen = status["webhook"]["listen"].as_str().map(str::to_owned);
            listen.ok_or_else(|| status.to_string())
        })
        .await;
        format!("http://{listen}/hook/{TOKEN}")
    }

    pub(super) async fn status(&self) -> Value {
        let (_, text) = self.pipeline[self.extractor].get("/status").await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub(super) async fn post(&self, url: &str, body: &Value) -> Response {
        let request = self.http.post(url).body(body.to_string());
        request.send().await.unwrap()
    }

    /// A number of the metrics.
    pub(super) async fn count(&self, result: &str) -> u64 {
        let extractor = &self.pipeline[self.extractor];
        let labels = [("result", result)];
        let count = extractor
            .series("okki_extractor_webhook_events_total", &labels)
            .await;
        count.unwrap() as u64
    }

    pub(super) async fn counted(&self, result: &str, count: u64) {
        eventually(LIMIT, &format!("{count} {result}"), async || {
            let seen = self.count(result).await;
            expect(seen == count, || format!("{seen}"))
        })
        .await;
    }

    /// Everything has been settled, and the account balances.
    pub(super) async fn settle(&mut self) {
        self.pipeline.quiet(LIMIT, 0).await;
        eventually(LIMIT, "the account balances", async || {
            let printed = self.pipeline.tool(Service::Loader, &["books", "--json"]).await;
            let printed = printed.map_err(|error| format!("{error:#}"))?;
            let books: Value = serde_json::from_str(&printed).map_err(|error| error.to_string())?;
            expect(books["total"]["in_flight"] == 0, || printed.clone())
        })
        .await;
    }
}

#[tokio::test]
async fn a_change_is_in_the_form_because_of_its_event() {
    let mut hooked = Hooked::start(20, 301, true, &[]).await;
    // Without HOOK_SECRET nothing sealed can be read.
    hooked
        .pipeline
        .simulator
        .set(|settings| settings.okki.webhooks.form = PushForm::Payload);
    hooked.pipeline.simulator.subscribe(&hooked.url);
    hooked.pipeline.simulator.change(3);
    hooked.pipeline.simulator.add(2);
    hooked.pipeline.until_equal(LIMIT).await;
    hooked
        .pipeline
        .simulator
        .set(|settings| settings.okki.webhooks.form = PushForm::List);
    hooked.pipeline.simulator.change(2);
    hooked.pipeline.until_equal(LIMIT).await;
    hooked.settle().await;
    let report = hooked.pipeline.simulator.webhook();
    assert_eq!(report.answers.keys().collect::<Vec<_>>(), [&200], "{report:?}");
    let events = status(&hooked.pipeline).await["webhook"].clone();
    assert_eq!(
        (&events["events"], &events["lost"]),
        (&7.into(), &0.into()),
        "{events}"
    );
    hooked.pipeline.drain().await;
}

#[tokio::test]
async fn sealed_and_signed_events_are_read_with_their_secret() {
    // The secret is made by the registration, before the replica that needs it starts.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "bm90IHlldCBrbm93bg==").unwrap();
    let mut hooked = Hooked::start(10, 302, true, &[("HOOK_SECRET_FILE", file.to_str().unwrap())]).await;
    let secret = hooked.pipeline.simulator.subscribe(&hooked.url);
    hooked.pipeline.simulator.change(1);
    eventually(
        LIMIT,
        "what is signed with another secret is refused",
        async || {
            let report = hooked.pipeline.simulator.webhook();
            expect(report.answers.contains_key(&401), || format!("{report:?}"))
        },
    )
    .await;
    // A secret that changes in its file is taken up; OKKI repeats what was refused.
    std::fs::write(&file, secret).unwrap();
    hooked.pipeline.until_equal(LIMIT).await;
    hooked
        .pipeline
        .simulator
        .set(|settings| settings.okki.webhooks.forged = 100);
    hooked.pipeline.simulator.change(4);
    hooked.pipeline.until_equal(LIMIT).await;
    hooked.settle().await;
    let report = hooked.pipeline.simulator.webhook();
    assert_eq!(report.forged.keys().collect::<Vec<_>>(), [&401], "{report:?}");
    assert!(
        !report.answers.contains_key(&1),
        "the message's id is missing in an answer: {report:?}"
    );
}

#[tokio::test]
async fn what_is_forged_publishes_nothing() {
    let hooked = Hooked::start(10, 303, false, &[("HOOK_SECRET", "c2VjcmV0IG9mIHRoaXMgdGVzdA==")]).await;
    let sink = Sink::open(&hooked.pipeline).await;
    sink.complete(&hooked.pipeline, LIMIT).await;
    let before = (calls(&hooked.pipeline, "info"), sink.seen());
    let event = json!({"company_id": hooked.pipeline.simulator.company_ids()[0]});
    let path = hooked.url.replace(TOKEN, "another-token-of-it");
    assert_eq!(hooked.post(&path, &event).await.status(), 404);
    assert_eq!(hooked.post(&hooked.url, &event).await.status(), 401);
    let signed = kit::http::client()
        .post(&hooked.url)
        .header("x-signature", "0".repeat(64));
    assert_eq!(signed.body(event.to_string()).send().await.unwrap().status(), 401);
    assert_eq!(hooked.status().await["webhook"]["calls"]["forged"], 3);
    assert_eq!(hooked.count("sent").await, 0);
    assert_eq!(calls(&hooked.pipeline, "info"), before.0);
    assert_eq!(sink.seen().len(), before.1.len());
}

#[tokio::test]
async fn repeated_events_and_floods_cost_a_few_calls() {
    let mut hooked = Hooked::start(10, 304, true, &[("HOOK_RATE", "1000")]).await;
    let id = hooked.pipeline.simulator.company_ids()[4];
    let before = calls(&hooked.pipeline, "info");
    hooked.pipeline.simulator.change_one(id, None).unwrap();
    let event = json!({"event": "xiaoman.crm.company.update", "data": {"company_id": id}});
    let flood = futures::future::join_all((0..200).map(|_| hooked.post(&hooked.url, &event))).await;
    let accepted = flood.iter().filter(|answer| answer.status() == 200).count();
    let busy = flood
        .iter()
        .filter(|answer| matches!(answer.status().as_u16(), 429 | 503))
        .count();
    assert!(
        accepted > 0 && accepted + busy == 200,
        "{accepted} accepted, {busy} busy"
    );
    hooked.pipeline.until_equal(LIMIT).await;
    hooked.settle().await;
    // Each that is published costs at most two calls, as nothing is newer; a busy machine makes the flood last.
    let published = hooked.count("sent").await + hooked.count("later").await;
    let spent = calls(&hooked.pipeline, "info") - before;
    assert!(
        spent <= 2 * published && published < 40,
        "{spent} calls for {published} refs"
    );
    assert_eq!(hooked.count("repeated").await + published, accepted as u64);
    hooked.pipeline.drain().await;
}

#[tokio::test]
async fn an_unknown_customer_costs_two_calls_and_nobody_else_anything() {
    let mut hooked = Hooked::start(10, 305, true, &[]).await;
    let before = calls(&hooked.pipeline, "info");
    let forged: Vec<Value> = (1..=20).map(|id| json!({"company_id": id})).collect();
    assert_eq!(hooked.post(&hooked.url, &json!(forged)).await.status(), 200);
    hooked.counted("not-shown", 20).await;
    hooked.settle().await;
    assert_eq!(calls(&hooked.pipeline, "info") - before, 40);
    let status = status(&hooked.pipeline).await;
    assert_eq!(status["missing"], 0, "{status}");
    assert!(hooked.pipeline[hooked.extractor].is_ready().await);
    let mut complaints = complaints(&hooked.pipeline);
    complaints.retain(|line| line.starts_with("extractor"));
    assert_eq!(complaints, Vec::<String>::new());
    for other in [
        json!({"event": "xiaoman.crm.lead.update", "data": {"lead_id": 7}}),
        json!({"ping": true}),
    ] {
        assert_eq!(hooked.post(&hooked.url, &other).await.status(), 200, "{other}");
    }
    let contact = json!({"event": "xiaoman.crm.customer.update", "data": {"customer_id": 7}});
    assert_eq!(hooked.post(&hooked.url, &contact).await.status(), 200);
    assert_eq!(
        (hooked.count("unknown").await, hooked.count("left").await),
        (2, 1)
    );
    hooked.pipeline.drain().await;
}

/// Whoever knows the path may make up ids; each costs two calls, and changes wait behind them.
#[tokio::test]
async fn a_flood_of_made_up_customers_is_left_to_the_listing() {
    let mut hooked = Hooked::start(10, 311, true, &[]).await;
    let before = calls(&hooked.pipeline, "info");
    for part in 0..10 {
        let forged: Vec<Value> = (1..=100)
            .map(|id| json!({"company_id": part * 1_000 + id}))
            .collect();
        assert_eq!(hooked.post(&hooked.url, &json!(forged)).await.status(), 200);
    }
    let left = hooked.count("left").await;
    // 60 a minute are looked at, and this may take some minutes on a busy machine.
    assert!(left >= 700, "{left}");
    hooked.counted("not-shown", 1_000 - left).await;
    hooked.settle().await;
    assert_eq!(calls(&hooked.pipeline, "info") - before, 2 * (1_000 - left));
    assert!(hooked.pipeline[hooked.extractor].is_ready().await);
    hooked.pipeline.drain().await;
}

#[tokio::test]
async fn a_detail_that_is_older_than_its_event_is_asked_for_again() {
    let mut hooked = Hooked::start(10, 306, true, &[]).await;
    let id = hooked.pipeline.simulator.company_ids()[4];
    let older = kit::simulator::Fault::on(
        kit::simulator::Vendor::Okki,
        "info",
        kit::simulator::FaultKind::Older {
            by_s: 3_600 * 24 * 365,
        },
    );
    hooked
        .pipeline
        .simulator
        .fault(older.containing(&id.to_string()).times(2));
    hooked.pipeline.simulator.change_one(id, None).unwrap();
    assert_eq!(
        hooked
            .post(&hooked.url, &json!({"company_id": id}))
            .await
            .status(),
        200
    );
    hooked.pipeline.until_equal(LIMIT).await;
    hooked.settle().await;
    hooked.pipeline.drain().await;
}

#[tokio::test]
async fn a_deleted_customer_is_removed_when_okki_lists_it_as_deleted() {
    let mut hooked = Hooked::start(10, 307, true, &[("REMOVALS", "true")]).await;
    hooked.pipeline.simulator.set(|settings| {
        settings.okki.webhooks = WebhookSettings {
            form: PushForm::Payload,
            ..settings.okki.webhooks.clone()
        };
    });
    // Somebody says so who is not OKKI: it is shown, so it stays.
    let stays = hooked.pipeline.simulator.company_ids()[1];
    let forged = json!({"event": "xiaoman.crm.company.delete", "data": {"company_id": stays}});
    assert_eq!(hooked.post(&hooked.url, &forged).await.status(), 200);
    hooked.pipeline.simulator.subscribe(&hooked.url);
    let gone = hooked.pipeline.simulator.remove(2);
    eventually(LIMIT, "their rows are removed", async || {
        let judged = hooked.pipeline.simulator.judge().await;
        expect(judged.is_equal(), || format!("{judged:?}"))
    })
    .await;
    assert!(!gone.contains(&stays) || hooked.pipeline.simulator.customers() == 8);
    hooked.settle().await;
    hooked.pipeline.drain().await;
}

#[tokio::test]
async fn an_event_is_not_accepted_while_the_broker_is_away_and_its_repeat_is() {
    let builder = PipelineUnderTest::for_test()
        .customers(10)
        .seed(308)
        .set_for(Service::Extractor, "EVERY", "1h")
        .set_for(Service::Extractor, "HOOK_LISTEN", "127.0.0.1:0")
        .set_for(Service::Extractor, "HOOK_TOKEN", TOKEN)
        .proxies();
    let mut pipeline = builder.start().await;
    let extractor = pipeline.run(Service::Extractor);
    let sink = Sink::open(&pipeline).await;
    sink.complete(&pipeline, LIMIT).await;
    let mut hooked = Hooked {
        pipeline,
        extractor,
        url: String::new(),
        http: kit::http::client(),
    };
    hooked.url = hooked.address().await;
    let id = hooked.pipeline.simulator.company_ids()[4];
    let copies = |sink: &Sink| sink.seen()[&id.to_string()].copies;
    let before = copies(&sink);
    let proxies = hooked.pipeline.proxies.as_ref().unwrap();
    proxies.broker.cut();
    let answer = hooked.post(&hooked.url, &json!({"company_id": id})).await;
    assert_eq!(answer.status(), 503);
    assert_eq!(copies(&sink), before);
    proxies.broker.pass();
    eventually(LIMIT, "the repeat is accepted", async || {
        let status = hooked
            .post(&hooked.url, &json!({"company_id": id}))
            .await
            .status();
        expect(status == 200, || status.to_string())
    })
    .await;
    eventually(LIMIT, "its snapshot", async || {
        let seen = copies(&sink);
        expect(seen > before, || format!("{seen} copies"))
    })
    .await;
}

#[tokio::test]
async fn the_listing_catches_and_counts_what_no_event_announced() {
    let mut hooked = Hooked::start(10, 309, true, &[("EVERY", "2s")]).await;
    hooked
        .pipeline
        .simulator
        .set(|settings| settings.okki.webhooks.form = PushForm::Opened);
    hooked.pipeline.simulator.subscribe(&hooked.url);
    let ids = hooked.pipeline.simulator.company_ids();
    hooked.pipeline.simulator.change_one(ids[0], None).unwrap();
    hooked.counted("sent", 1).await;
    hooked
        .pipeline
        .simulator
        .set(|settings| settings.okki.webhooks.lost = 100);
    for id in &ids[1..4] {
        hooked.pipeline.simulator.change_one(*id, None).unwrap();
    }
    hooked.pipeline.until_equal(LIMIT).await;
    eventually(LIMIT, "three lost events are counted", async || {
        let (shown, told) = (status(&hooked.pipeline).await, hooked.status().await);
        let extractor = &hooked.pipeline[hooked.extractor];
        let counted = extractor.metric("okki_extractor_lost_webhooks_total").await == Some(3.0);
        let same = shown["webhook"]["lost"] == 3 && told["webhook_events"]["lost"] == 3;
        expect(same && counted, || {
            format!("{} {}", shown["webhook"], told["webhook_events"])
        })
    })
    .await;
    hooked.settle().await;
    hooked.pipeline.drain().await;
}
