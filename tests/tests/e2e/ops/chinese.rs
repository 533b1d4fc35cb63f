//! Somebody whose machine speaks Chinese gets no English sentence, but in the logs, which are for machines.

use kit::pipeline::{PipelineUnderTest, Service, Settings, command};
use kit::simulator::{Fault, FaultKind, Vendor};
use kit::wait::{eventually, expect};
use pipeline::stage::Stage;
use serde_json::Value;

use super::leftovers::{english_sentence, leftovers, width};
use crate::loader::feed::Feed;

const LIMIT: std::time::Duration = std::time::Duration::from_secs(120);
const SERVICES: [Service; 3] = [Service::Extractor, Service::Transformer, Service::Loader];

fn assert_chinese(what: &str, text: &str) {
    let sentence = english_sentence(text);
    assert!(sentence.is_none(), "{what}: {sentence:?} in\n{text}");
    let has_chinese = text.chars().any(|it| ('\u{4e00}'..'\u{a000}').contains(&it));
    assert!(
        has_chinese || text.trim().is_empty(),
        "{what} says nothing in Chinese:\n{text}"
    );
}

/// What is left of English in what a command says, but for lines of the log.
pub(super) fn left_in(what: &str, output: &std::process::Output) -> Vec<String> {
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let lines = said.lines().chain(errors.lines());
    // Lines in JSON are the log or a body; who did it is a name.
    let told = lines.filter(|line| !line.contains("{\""));
    told.flat_map(|line| leftovers(line).into_iter().map(move |left| (left, line)))
        .filter(|(left, _)| left != "root")
        .map(|(left, line)| format!("{what}: {left} in: {line}"))
        .collect()
}

/// As the environment of somebody who has set nothing for this product.
fn chinese(settings: &mut Settings) {
    settings.insert("OKKI_LANG".into(), String::new());
    settings.insert("LANG".into(), "zh_CN.UTF-8".into());
}

#[test]
fn every_help_is_chinese() {
    let mut settings = Settings::new();
    chinese(&mut settings);
    let mut seen = 0;
    for service in SERVICES {
        let mut open = vec![Vec::<String>::new()];
        while let Some(words) = open.pop() {
            let mut program = command(service, &settings).unwrap();
            let output = program.args(&words).arg("--help").output().unwrap();
            let help = String::from_utf8(output.stdout).unwrap();
            let what = format!("{} {words:?} --help", service.name());
            assert_chinese(&what, &help);
            assert!(!help.contains("Example"), "{what}:\n{help}");
            for line in help.lines() {
                // Where nobody knows the screen; names and addresses are not broken.
                let unbroken = line.split_whitespace().map(str::len).max().unwrap_or_default();
                assert!(
                    width(line) <= 100 || unbroken > 60 && line.is_ascii(),
                    "{what}: {line}"
                );
            }
            seen += 1;
            let listed = help
                .lines()
                .skip_while(|line| !line.starts_with("命令："))
                .skip(1);
            for line in listed.take_while(|line| !line.is_empty()) {
                let name = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '));
                let name = name.and_then(|rest| rest.split_whitespace().next());
                if let Some(name) = name.filter(|name| *name != "help") {
                    open.push(words.iter().cloned().chain([name.to_owned()]).collect());
                }
            }
        }
    }
    assert!(seen > 60, "only {seen} commands were found");
}

#[test]
fn errors_of_the_command_line_and_of_settings_are_chinese() {
    let mut settings = Settings::new();
    chinese(&mut settings);
    for (service, args) in [
        (Service::Loader, &["rum"][..]),
        (Service::Loader, &["run", "--nope"]),
        (Service::Loader, &["run"]),
        (Service::Extractor, &["fetch"]),
        (Service::Extractor, &["run", "--every", "often"]),
        (Service::Transformer, &["run"]),
        (Service::Transformer, &["mapping", "check", "/nowhere.json"]),
        (Service::Loader, &["notify", "--test"]),
    ] {
        let output = command(service, &settings).unwrap().args(args).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{args:?}");
        assert!(said.starts_with("错误："), "{args:?}: {said}");
        // The system's own words for a failure are not ours.
        assert_chinese(
            &format!("{args:?}"),
            &said.replace("No such file or directory", ""),
        );
    }
}

#[tokio::test]
async fn an_operator_gets_no_english_sentence_and_logs_get_nothing_else() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(3)
        .seed(1616)
        .start()
        .await;
    pipeline.set("OKKI_LANG", "");
    pipeline.set("LANG", "zh_CN.UTF-8");
    let feed = Feed::new(&pipeline).await;
    let customers = pipeline.simulator.company_ids();
    feed.bury(Stage::Load, &feed.records(&pipeline, &customers)).await;
    let listed = pipeline
        .tool(Service::Loader, &["dead", "list", "--json"])
        .await
        .unwrap();
    let first: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    let id = first["id"].as_str().unwrap().to_owned();
    let mapping = kit::config::mapping_document();
    let commands: [(Service, &[&str]); 16] = [
        (Service::Extractor, &["check"]),
        (Service::Extractor, &["doctor"]),
        (Service::Extractor, &["status"]),
        (Service::Transformer, &["doctor"]),
        (Service::Transformer, &["mapping", "check", &mapping]),
        (Service::Loader, &["check"]),
        (Service::Loader, &["doctor"]),
        (Service::Loader, &["removals", "show"]),
        (Service::Loader, &["dead", "groups"]),
        (Service::Loader, &["dead", "list"]),
        (Service::Loader, &["dead", "plan", "--all", "--reason", "测试"]),
        (Service::Loader, &["dead", "plans"]),
        (Service::Loader, &["dead", "operations"]),
        (Service::Loader, &["dead", "rule", "list"]),
        (Service::Loader, &["dead", "audit"]),
        (Service::Loader, &["dead", "show", &id]),
    ];
    for (service, args) in commands {
        let output = pipeline.tool_output(service, args).await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_chinese(&format!("{} {args:?}", service.name()), &said);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        // Lines in JSON are the log.
        for line in errors.lines().filter(|line| !line.starts_with('{')) {
            assert_chinese(&format!("{} {args:?}", service.name()), line);
        }
    }
    let [_, _, _] = pipeline.run_all();
    pipeline.until_equal(std::time::Duration::from_secs(120)).await;
    for line in pipeline.logs(200).lines().filter(|line| line.starts_with('{')) {
        let entry: Value = serde_json::from_str(line).unwrap();
        for field in ["message", "error", "detail"] {
            let text = entry[field].as_str().unwrap_or_default();
            assert!(text.is_ascii(), "{field} is not English: {line}");
        }
    }
    pipeline.drain().await;
}

#[tokio::test]
async fn whoever_asks_what_became_of_customers_reads_no_english_word() {
    let mut pipeline = PipelineUnderTest::for_test()
        .customers(8)
        .seed(1617)
        .set("RETRY_DELAYS", "10m,20m")
        .set("INDEX_SETTLE", "0s")
        .set_for(Service::Loader, "MAPPING", kit::config::mapping_document())
        .start()
        .await;
    let ids = pipeline.simulator.company_ids();
    let (dead, slow) = (ids[0].to_string(), ids[1].to_string());
    let refusal = FaultKind::Code {
        code: 3005,
        message: "字段校验失败".into(),
        status: None,
    };
    let fault = Fault::on(Vendor::Jdy, "batch_create", refusal);
    pipeline.simulator.fault(fault.containing(&dead));
    let fault = Fault::on(Vendor::Okki, "info", FaultKind::Malformed);
    pipeline.simulator.fault(fault.containing(&slow));
    pipeline.run_all();
    pipeline.rows(LIMIT, ids.len() - 2).await;
    eventually(LIMIT, "one died", async || {
        let groups = pipeline.tool(Service::Loader, &["dead", "groups"]).await;
        expect(groups.as_ref().is_ok_and(|it| it.contains("row-refused")), || {
            format!("{groups:?}")
        })
    })
    .await;
    let listed = pipeline
        .tool(Service::Loader, &["dead", "list", "--json"])
        .await
        .unwrap();
    let first: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
    let letter = first["id"].as_str().unwrap().to_owned();
    pipeline.set("OKKI_LANG", "");
    pipeline.set("LANG", "zh_CN.UTF-8");
    let well = ids[2].to_string();
    let commands: [(Service, &[&str]); 16] = [
        (Service::Extractor, &["sync"]),
        (Service::Extractor, &["status"]),
        (Service::Extractor, &["checkpoint", "show"]),
        (Service::Extractor, &["trace", &slow]),
        (Service::Extractor, &["reconcile"]),
        (Service::Transformer, &["trace", &well]),
        (Service::Loader, &["trace", &dead]),
        (Service::Loader, &["books"]),
        (Service::Loader, &["reconcile"]),
        (Service::Loader, &["index", "duplicates"]),
        (Service::Loader, &["dead", "groups"]),
        (Service::Loader, &["dead", "list"]),
        (Service::Loader, &["dead", "show", &letter]),
        (
            Service::Loader,
            &[
                "dead",
                "replay",
                "--all",
                "--operator",
                "root",
                "--reason",
                "测试",
            ],
        ),
        (Service::Loader, &["dead", "plans"]),
        (Service::Loader, &["dead", "audit"]),
    ];
    let (mut left, mut said) = (Vec::new(), String::new());
    for (service, args) in commands {
        let output = pipeline.tool_output(service, args).await.unwrap();
        let what = format!("{} {args:?}", service.name());
        said += &format!("--- {what}\n{}", String::from_utf8_lossy(&output.stdout));
        left.extend(left_in(&what, &output));
    }
    // Keys and examples are the customers'.
    let fields = pipeline
        .tool(Service::Transformer, &["mapping", "fields"])
        .await
        .unwrap();
    let head = fields.lines().nth(2).unwrap();
    left.extend(leftovers(head));
    assert!(left.is_empty(), "{}\n{said}", left.join("\n"));
    assert!(fields.contains("空或 文本，例如"), "{fields}");
    for kind in ["已拉取详情", "成为死信", "（参数无效）"] {
        assert!(said.contains(kind), "nobody says {kind}:\n{said}");
    }
    pipeline.drain().await;
}

#[test]
fn whoever_tries_a_mapping_reads_no_english_word_of_ours() {
    let mut settings = Settings::new();
    chinese(&mut settings);
    let folder = kit::config::repository().join("transformer/mappings");
    let path = |name: &str| folder.join(name).display().to_string();
    let (document, customer) = (path("seed.json"), path("customer.example.json"));
    let tried = ["mapping", "try", &document, "--company", &customer];
    let output = command(Service::Transformer, &settings)
        .unwrap()
        .args(tried)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let head = said.lines().next().unwrap();
    assert!(leftovers(head).is_empty(), "{head}");
    let told: Vec<_> = said.lines().filter(|line| line.starts_with("警告")).collect();
    assert!(!told.is_empty(), "{said}");
    for line in told {
        assert!(leftovers(line).is_empty(), "{:?} in {line}", leftovers(line));
    }
    for name in ["explain", "check"] {
        let output = command(Service::Transformer, &settings)
            .unwrap()
            .args(["mapping", name, &document])
            .output()
            .unwrap();
        let left = left_in(name, &output);
        assert!(left.is_empty(), "{}", left.join("\n"));
    }
}

#[test]
fn manual_pages_are_chinese() {
    let mut settings = Settings::new();
    chinese(&mut settings);
    for service in SERVICES {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().display().to_string();
        let mut program = command(service, &settings).unwrap();
        assert!(program.args(["man", "--to", &to]).status().unwrap().success());
        let pages: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert!(pages.len() > 20, "{} pages", pages.len());
        for page in pages {
            let path = page.unwrap().path();
            let page = std::fs::read_to_string(&path).unwrap();
            let escapes = [
                ("\\*(Aq", "'"),
                ("\\-", "-"),
                ("\\fB", ""),
                ("\\fI", ""),
                ("\\fR", ""),
            ];
            let page = escapes
                .iter()
                .fold(page, |page, (escape, plain)| page.replace(escape, plain));
            // Requests of the typesetter and what is typed stand in lines of their own.
            let lines: Vec<&str> = page.lines().filter(|line| !line.starts_with('.')).collect();
            let text = lines.join("\n");
            assert_chinese(&path.display().to_string(), &text);
            for heading in page.lines().filter_map(|line| line.strip_prefix(".SH ")) {
                assert!(!heading.is_ascii(), "{}: {heading}", path.display());
            }
        }
    }
}
