//! The read model at its size: catching up, seeing letters in their queue, and the pages, groups and texts of many letters.
//!
//! Events and letters come out of nothing, straight into the file: what the broker adds is measured elsewhere.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use pipeline::events::{Event, EventStage, Events, Stored, What};
use pipeline::failure::VendorAnswer;
use pipeline::failure::record::{Attempt, FailureRecord};
use pipeline::message::{Death, Envelope, Subject};
use pipeline::stage::Stage;
use prost::Message;
use proto::v1::{FieldValue, FormRecord, field_value::Value};
use readmodel::{Model, Walked, read};
use replay::letter::{Letter, fingerprint::fingerprint};
use replay::query::Query;

use kit::config::repository;

/// Letters and events.
#[derive(Debug, Clone, Copy, clap::Args)]
#[group(id = "read-model-size")]
pub(crate) struct Size {
    /// Open dead letters of the read model; its aims are meant for 1000000
    #[arg(
        id = "read-model-letters",
        long = "read-model-letters",
        default_value_t = 100_000
    )]
    letters: u64,
    /// Events that it catches up with; its aims are meant for 10000000
    #[arg(
        id = "read-model-events",
        long = "read-model-events",
        default_value_t = 1_000_000
    )]
    events: u64,
}

/// Customers of a message.
pub(super) const BATCH: u64 = 100;
/// Messages of a transaction, as the keeper gathers them.
const MESSAGES: usize = 16;
const BEGIN: i64 = 1_767_000_000_000;
const PAGE: usize = 50;

/// Queries whose pages are timed: frequent, rare, missing, negated, joined.
const QUERIES: [&str; 16] = [
    "stage=load",
    "code=row-refused",
    "code=rare",
    "code=missing",
    "code!=row-refused,invalid-value",
    "not code~refused",
    "key=20000777",
    "key~77777",
    "field=客户名称 and vendor-code=4007",
    "attempts=4",
    "attempts>4",
    "replays>0 or code=rare",
    "time>=2037-01-01",
    "time<2001-01-01",
    "(code=rare or field=手机) and not key~5 and attempts=1",
    "id=00000000000003e7",
];
/// Texts: in every letter, in some, in one, in none, and in Chinese of two characters.
const TEXTS: [&str; 6] = [
    "客户名称",
    "上海",
    "acme 4711",
    "number 77777",
    "no such words",
    "深圳",
];

/// Figures by name.
pub(crate) fn measure(size: Size, say: &impl Fn(&str)) -> anyhow::Result<BTreeMap<String, f64>> {
    let folder = repository().join("target/bench/read-model");
    drop(std::fs::remove_dir_all(&folder));
    let model = Model::open(&folder, "bench")?;
    let mut figures = BTreeMap::new();
    let mut add = |name: &str, value: f64| {
        say(&format!("  {name}: {value:.1}"));
        figures.insert(name.to_owned(), value);
    };
    add("events_per_s", catch_up(&model, size)?);
    add("walk_letters_per_s", walk(&model, size)?);
    let (usual, slowest) = pages(&model, size, say)?;
    add("page_ms_usual", usual);
    add("page_ms", slowest);
    add(
        "groups_ms",
        timed(|| model.read(|file| read::groups::groups(file, Stage::Load, &Query::Everything)))?.1,
    );
    let mut slowest = 0.0_f64;
    for text in TEXTS {
        let query: Query = format!("text=\"{text}\"").parse().context("a query")?;
        let (letters, took) = timed(|| to_the_first_page(&model, &query))?;
        say(&format!("  text {text}: {letters} letters in {took:.1} ms"));
        slowest = slowest.max(took);
    }
    add("text_ms", slowest);
    add("peak_mib", peak_mib()?);
    add(
        "file_mib",
        std::fs::metadata(model.path()).context("its size")?.len() as f64 / 1_048_576.0,
    );
    drop(model);
    drop(std::fs::remove_dir_all(&folder));
    Ok(figures)
}

/// Events a second. A customer goes through all stages, and as many die as there shall be letters.
fn catch_up(model: &Model, size: Size) -> anyhow::Result<f64> {
    // Four events for each customer of a round, and one in so many of the last ones is a death.
    let rounds = size.events / 4 / BATCH;
    let each = (size.letters / rounds.max(1)).clamp(1, BATCH);
    let (mut spent, mut applied, mut letters, mut offset) = (Duration::ZERO, 0, 0, 0);
    let mut batch = Vec::new();
    for round in 0..rounds {
        for (stage, what) in [
            (EventStage::Extract, What::Listed),
            (EventStage::Extract, What::Fetched),
            (EventStage::Transform, What::Mapped),
            (EventStage::Load, What::Created),
        ] {
            let event = |at: u64| {
                let customer = (round * BATCH + at) % 1_000_000;
                let dies = what == What::Created && at < each && letters + at < size.letters;
                match dies {
                    true => died(letters + at),
                    false => event(round, at, customer, what),
                }
            };
            let events = (0..BATCH).map(event).collect();
            offset += 1;
            batch.push(message(offset, stage, events));
        }
        letters = (letters + each).min(size.letters);
        if batch.len() >= MESSAGES || round + 1 == rounds {
            let begun = Instant::now();
            let done = model.write(|writer| writer.apply(std::mem::take(&mut batch)))?;
            spent += begun.elapsed();
            applied += done.events;
        }
    }
    Ok(applied as f64 / spent.as_secs_f64())
}

/// Letters seen in their queue a second.
fn walk(model: &Model, size: Size) -> anyhow::Result<f64> {
    let mut spent = Duration::ZERO;
    let mut walked = model.write(|writer| Walked::begin(writer, Stage::Load))?;
    let numbers: Vec<u64> = (0..size.letters).collect();
    for numbers in numbers.chunks(200) {
        let letters: Vec<Letter> = numbers.iter().map(|number| letter(*number)).collect();
        let begun = Instant::now();
        model.write(|writer| walked.take(writer, &letters))?;
        spent += begun.elapsed();
    }
    model.write(|writer| walked.end(writer, BEGIN))?;
    Ok(size.letters as f64 / spent.as_secs_f64())
}

/// Milliseconds of the page in the middle and of the slowest one, over all queries and places.
fn pages(model: &Model, size: Size, say: &impl Fn(&str)) -> anyhow::Result<(f64, f64)> {
    let mut all = Vec::new();
    for text in QUERIES {
        let query: Query = text.parse().context("a query")?;
        let mut slowest = 0.0_f64;
        for place in 0..10 {
            let after = i64::try_from(size.letters * place / 10).unwrap_or(0);
            let (_, took) =
                timed(|| model.read(|file| read::letters::page(file, Stage::Load, &query, after, PAGE)))?;
            slowest = slowest.max(took);
            all.push(took);
        }
        say(&format!("  pages of {text}: {slowest:.1} ms at most"));
    }
    all.sort_by(f64::total_cmp);
    Ok((all[all.len() / 2], all[all.len() - 1]))
}

fn to_the_first_page(model: &Model, query: &Query) -> readmodel::error::Result<usize> {
    let (mut found, mut after) = (0, 0);
    loop {
        let page = model.read(|file| read::letters::page(file, Stage::Load, query, after, PAGE))?;
        found += page.letters.len();
        match page.next {
            Some(next) if found < PAGE => after = next,
            _ => return Ok(found),
        }
    }
}

fn timed<T>(what: impl FnOnce() -> readmodel::error::Result<T>) -> anyhow::Result<(T, f64)> {
    let begun = Instant::now();
    let done = what()?;
    Ok((done, begun.elapsed().as_secs_f64() * 1_000.0))
}

fn message(offset: u64, stage: EventStage, events: Vec<Event>) -> Stored {
    let events = Events {
        stage: stage.into(),
        instance: "host-1-00ff".into(),
        program_version: "0.2.0".into(),
        at: BEGIN + i64::try_from(offset).unwrap_or(0) * 100,
        events,
        lost: 0,
        audit: None,
    };
    Stored { offset, events }
}

pub(super) fn event(round: u64, at: u64, customer: u64, what: What) -> Event {
    Event {
        // As far from each other as digests are.
        id: (((round * BATCH + at) << 5) | u64::from(what as i32 as u32)).wrapping_mul(0x9e37_79b9_7f4a_7c15),
        what: what.into(),
        company_id: (20_000_000 + customer).to_string(),
        version: Some(proto::v1::Version {
            update_time: 1_767_000_000,
            sequence: round,
        }),
        run_id: format!("live-20260101-{:06}", round / 100),
        row_id: "59264073a2a60c0c08e20bfb".into(),
        attempt: 1,
        latency_ms: 120,
        ..Event::default()
    }
}

pub(super) fn died(number: u64) -> Event {
    let record = record(number);
    Event {
        reason: record.code.clone(),
        group: fingerprint(&record),
        letter_id: record.id.clone(),
        failure: serde_json::to_string(&record).unwrap_or_default(),
        ..event(number, 999, 20_000_000 + number, What::Died)
    }
}

fn record(number: u64) -> FailureRecord {
    let at = BEGIN + i64::try_from(number).unwrap_or(0);
    let (code, message) = match number % 10_000 {
        0 => ("rare", "nobody has seen this before".to_owned()),
        rest if rest % 3 == 0 => ("invalid-value", format!("`number {number}` is no phone number")),
        rest => (
            "row-refused",
            format!("the form refuses the row: rule {} of the form", words(rest % 40)),
        ),
    };
    let attempt = Attempt {
        at,
        code: code.into(),
        message: message.clone(),
        action: "retry 5s".into(),
    };
    let company = 20_000_000 + number;
    FailureRecord {
        id: format!("FormRecord:{company}:1767000000:{number}~{number:016x}"),
        stage: "load".into(),
        return_queue: "okki.load".into(),
        code: code.into(),
        message,
        vendor: Some(VendorAnswer {
            code: (4_000 + number % 7 + 4).to_string(),
            message: "字段校验失败".into(),
        }),
        field: (!number.is_multiple_of(4)).then(|| "客户名称".to_owned()),
        expression: None,
        company_id: company.to_string(),
        version: format!("1767000000:{number}"),
        run_id: "live-20260101-000000".into(),
        batch: None,
        attempts: vec![attempt; 1 + usize::try_from(number % 4).unwrap_or(0)],
        first_failed_at: at,
        last_failed_at: at,
        instance: "host-1-00ff".into(),
        program_version: "0.2.0".into(),
        mapping: Some("1f00c0de1f00c0de".into()),
        replays: u32::from(number % 1_000 == 5),
        last_replay: (number % 1_000 == 5).then(|| "p-20260101-000000-00ff".to_owned()),
        repair_of: None,
        traceparent: None,
        cut: Vec::new(),
    }
}

/// A word for a number: messages of one group differ in numbers only.
fn words(number: u64) -> String {
    number
        .to_string()
        .bytes()
        .map(|digit| char::from(b'a' + digit - b'0'))
        .collect()
}

fn letter(number: u64) -> Letter {
    let (envelope, body) = sealed(number);
    Letter::read(Stage::Load, "okki.load", envelope, &Death::default(), body)
}

/// The same as it lies in its queue.
pub(super) fn sealed(number: u64) -> (Envelope, Bytes) {
    let record = record(number);
    let cell = |at: usize, label: &str, value: String| FieldValue {
        field: format!("_widget_17000000000{at:02}"),
        label: label.into(),
        value: Some(Value::Text(value)),
    };
    let city = ["上海", "北京", "广州", "深圳"][usize::try_from(number % 4).unwrap_or(0)];
    let cells = vec![
        cell(1, "客户编号", record.company_id.clone()),
        cell(2, "客户名称", format!("{city}某某 {number} 贸易有限公司")),
        cell(3, "英文名称", format!("ACME {number} Trading Co., Ltd.")),
        cell(4, "国家地区", "China".into()),
        cell(5, "联系电话", format!("138{:08}", number % 100_000_000)),
        cell(6, "邮箱", format!("sales{number}@example.com")),
        cell(
            7,
            "客户等级",
            ["A", "B", "C"][usize::try_from(number % 3).unwrap_or(0)].into(),
        ),
        cell(8, "地址", format!("{city}市中山路 {} 号", number % 5_000)),
        cell(9, "备注", "展会认识的老客户，每年三月下单".into()),
        cell(10, "更新时间", "2026-01-01 08:00:00".into()),
    ];
    let body = FormRecord {
        company_id: record.company_id.clone(),
        run_id: record.run_id.clone(),
        fields: cells,
        ..FormRecord::default()
    };
    let envelope = Envelope {
        message_id: record.id.split('~').next().unwrap_or_default().to_owned(),
        kind: FormRecord::TYPE.to_owned(),
        failure: serde_json::to_string(&record).ok(),
        ..Envelope::default()
    };
    (envelope, Bytes::from(body.encode_to_vec()))
}

/// The most memory that this process ever had.
fn peak_mib() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("ask the kernel")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = line
        .and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok())
        .context("the kernel's answer")?;
    Ok(kib / 1024.0)
}
