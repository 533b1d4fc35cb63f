//! I11: a whole run with faults at a talkative log level says no secret, no customer's e-mail and no customer's phone,
//! neither in logs nor in metrics nor in what the commands print.

use std::{collections::BTreeSet, time::Duration};

use kit::{
    pipeline::{PipelineUnderTest, Service},
    simulator::{Fault, FaultKind, Loose, Vendor},
};

use super::refuse_row;

const FILTER: &str =
    "info,pipeline=debug,replay=debug,mapping=debug,extractor=debug,transformer=debug,loader=debug";

fn text(value: &Loose) -> String {
    match value {
        Loose::Int(number) => number.to_string(),
        Loose::Text(text) => text.clone(),
    }
}

/// What must not be seen: passwords, keys, and how to reach people. Short numbers mean nothing and are left out.
fn forbidden(pipeline: &PipelineUnderTest) -> BTreeSet<String> {
    let settings = pipeline.settings(Service::Loader);
    let password = |url: &str| {
        let url = url::Url::parse(url).ok()?;
        url.password()
            .map(str::to_owned)
            .filter(|password| password != "guest")
    };
    let mut found: BTreeSet<String> = ["sim-okki-secret", "sim-jdy-key"].map(str::to_owned).into();
    found.extend(
        ["AMQP_URL", "REDIS_URL"]
            .iter()
            .filter_map(|name| password(&settings[*name])),
    );
    found.insert(settings["AMQP_URL"].clone());
    for id in pipeline.simulator.company_ids() {
        let customer = pipeline.simulator.customer(id).unwrap();
        let phones = customer
            .contacts
            .iter()
            .flat_map(|contact| &contact.phones)
            .chain(&customer.tel);
        found.extend(
            phones
                .flat_map(|(area, number)| [text(number), format!("{}{}", text(area), text(number))])
                .filter(|number| number.len() >= 7),
        );
        found.extend(
            customer
                .contacts
                .iter()
                .filter_map(|contact| contact.email.clone())
                .filter(|email| email.contains('@')),
        );
    }
    assert!(found.len() > 100, "{found:?}");
    found
}

/// Digits of a longer number or of an id that was drawn by chance may be those of a telephone; they give nobody away.
fn says(text: &str, secret: &str) -> bool {
    let part_of_a_word = |beside: Option<char>| beside.is_some_and(|beside| beside.is_ascii_alphanumeric());
    let is_number = secret.bytes().all(|byte| byte.is_ascii_digit());
    text.match_indices(secret).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + secret.len()..]);
        !is_number || !part_of_a_word(before.chars().next_back()) && !part_of_a_word(after.chars().next())
    })
}

#[test]
fn digits_of_longer_numbers_are_no_telephones() {
    assert!(says("tel 1234567, 2", "1234567"));
    assert!(says(r#"{"tel":"1234567"}"#, "1234567"));
    assert!(!says("0012345678 and a1234567f", "1234567"));
    assert!(says("a key=secretly", "secret"));
}

#[tokio::test]
async fn nothing_that_is_said_gives_away_a_secret_or_a_person() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(200)
        .seed(74)
        .set("LOG_LEVEL", FILTER)
        .start()
        .await;
    let ids = pipeline.simulator.company_ids();
    for id in &ids[..2] {
        pipeline.simulator.fault(refuse_row(&id.to_string()));
    }
    let hiccup = |vendor, endpoint, kind| Fault::on(vendor, endpoint, kind).times(2);
    pipeline.simulator.fault(hiccup(
        Vendor::Okki,
        "info",
        FaultKind::Status {
            status: 502,
            commit: false,
        },
    ));
    pipeline
        .simulator
        .fault(hiccup(Vendor::Okki, "info", FaultKind::Malformed));
    pipeline.simulator.fault(hiccup(
        Vendor::Jdy,
        "batch_create",
        FaultKind::Reset { commit: true },
    ));
    let replicas = pipeline.run_all();
    pipeline.rows(Duration::from_secs(60), 150).await;
    pipeline.simulator.set(|settings| settings.jdy.keys.clear());
    pipeline.simulator.change(20);
    pipeline[replicas[2]].pauses_for("credentials").await;

    let mut said = String::new();
    for id in replicas {
        for path in ["/metrics", "/status", "/readyz"] {
            said += &pipeline[id].get(path).await.unwrap().1;
        }
    }
    pipeline.simulator.set(|settings| {
        settings
            .jdy
            .keys
            .insert("sim-jdy-key".into(), Some(kit::simulator::KeyRule::default()));
    });
    pipeline.quiet(Duration::from_secs(90), 2).await;
    for (service, arguments) in [
        (Service::Loader, &["dead", "list"][..]),
        (Service::Loader, &["dead", "groups"]),
        (Service::Loader, &["books"]),
        (Service::Loader, &["doctor"]),
        (Service::Extractor, &["status"]),
        (Service::Extractor, &["doctor"]),
        (Service::Extractor, &["--help"]),
        (Service::Transformer, &["doctor", "--json"]),
        (Service::Loader, &["run", "--help"]),
    ] {
        said += &pipeline.tool(service, arguments).await.unwrap();
    }
    pipeline.drain().await;
    for id in replicas {
        said += &pipeline[id].log();
    }
    assert!(
        said.contains("dead letter"),
        "the run was too quiet to prove anything"
    );
    let seen: Vec<_> = forbidden(&pipeline)
        .into_iter()
        .filter(|secret| says(&said, secret))
        .collect();
    let lines = |secret: &String| {
        said.lines()
            .find(|line| says(line, secret))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(
        seen.is_empty(),
        "{:?}",
        seen.iter()
            .map(|secret| (secret, lines(secret)))
            .collect::<Vec<_>>()
    );
}
