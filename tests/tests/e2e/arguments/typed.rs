//! What was typed: flags and commands that are none, help, files of variables.

use super::{complete, refused, run};
use kit::pipeline::{Service, Settings};

#[tokio::test]
async fn an_unknown_flag_or_command_is_a_usage_error() {
    for service in Service::ALL {
        refused(
            service,
            &complete(service),
            &["run", "--colour"],
            64,
            &["--colour"],
        )
        .await;
        refused(service, &complete(service), &["jump"], 64, &["jump"]).await;
    }
}

#[tokio::test]
async fn help_and_version_are_no_errors() {
    for service in Service::ALL {
        for arguments in [&["--help"][..], &["run", "--help"], &["--version"]] {
            let output = run(service, &Settings::new(), arguments).await;
            assert!(output.status.success(), "{} {arguments:?}", service.name());
            assert!(
                !output.stdout.is_empty(),
                "{} {arguments:?} says nothing",
                service.name()
            );
        }
    }
}

/// Redis is away, and so every one of these ends by itself.
#[tokio::test]
async fn a_variable_that_looks_like_a_setting_and_is_none_is_told() {
    let mut settings = complete(Service::Loader);
    settings.insert("JDY_KEYWIDGET".into(), "_widget_1".into());
    settings.insert("REDIS_SERVICE_HOST".into(), "10.0.0.7".into());
    let output = run(Service::Loader, &settings, &["index", "show", "1"]).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for word in ["JDY_KEYWIDGET", "JDY_KEY_WIDGET", "does nothing"] {
        assert!(said.contains(word), "{word} is not in {said}");
    }
    assert!(!said.contains("REDIS_SERVICE_HOST"), "{said}");
}

#[tokio::test]
async fn a_file_of_variables_that_cannot_be_read_is_named_and_its_lines_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.env");
    std::fs::write(&broken, "AMQP_URL amqp://okki:secret-value@host\n").unwrap();
    let broken = broken.display().to_string();
    let settings = complete(Service::Extractor);
    for file in [broken.as_str(), "/nowhere/okki.env"] {
        let arguments = ["run", "--env-file", file];
        refused(
            Service::Extractor,
            &settings,
            &arguments,
            78,
            &["--env-file", file],
        )
        .await;
    }
}
