//! The Helm chart makes what the overlays make, refuses values that nobody knows, and is in line with the manifests.

use std::{collections::BTreeMap, fs, process::Command};

use kit::config::repository;
use regex::Regex;
use serde_json::{Value, json};

use crate::{
    manifests::{documents, on_top, validate},
    references::text,
    tools::{chart, output},
};

fn rendered(values: &Value, namespace: &str) -> Vec<Value> {
    let text = chart(values, namespace).unwrap_or_else(|refused| panic!("{values}: {refused}"));
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).expect("the chart is YAML");
    documents
        .into_iter()
        .filter(|document| !document.is_null())
        .collect()
}

pub(crate) fn production() -> Value {
    let path = repository().join("deploy/helm/production.values.yaml");
    serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Values with others over them.
fn with(mut values: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        values[name] = match (values.get(name), value) {
            (Some(Value::Object(_)), Value::Object(_)) => with(values[name].clone(), value),
            _ => value.clone(),
        };
    }
    values
}

/// Objects by kind and name, without what the two tools say of themselves: hashes in names, their labels, the namespace.
fn objects(documents: Vec<Value>) -> BTreeMap<(String, String), Value> {
    let hashed =
        Regex::new(r#""(okki-(?:common|extractor|transformer|loader|mapping))-[a-z0-9]{10}""#).unwrap();
    let plain = |document: Value| -> Value {
        let text = document.to_string();
        let mut document: Value = serde_json::from_str(&hashed.replace_all(&text, "\"$1\"")).unwrap();
        let metadata = document["metadata"].as_object_mut().unwrap();
        metadata.remove("namespace");
        if let Some(labels) = metadata.get_mut("labels").and_then(Value::as_object_mut) {
            for label in [
                "app.kubernetes.io/managed-by",
                "app.kubernetes.io/part-of",
                "helm.sh/chart",
            ] {
                labels.remove(label);
            }
        }
        if metadata.get("labels").is_some_and(|labels| *labels == json!({})) {
            metadata.remove("labels");
        }
        for template in [
            "/spec/template/metadata",
            "/spec/jobTemplate/spec/template/metadata",
        ] {
            if let Some(metadata) = document.pointer_mut(template).and_then(Value::as_object_mut) {
                metadata.remove("annotations");
            }
        }
        document
    };
    let keyed = documents.into_iter().map(plain).map(|document| {
        let name = (
            text(&document, "/kind").to_owned(),
            text(&document, "/metadata/name").to_owned(),
        );
        (name, document)
    });
    keyed.filter(|((kind, _), _)| kind != "Namespace").collect()
}

fn same(values: &Value, components: &[&str]) {
    // Images of an overlay are named for what is below it, and again for the components that it adds.
    let image =
        |name| format!("{{name: okki/{name}, newName: registry.example.com/okki/{name}, newTag: 0.2.0}}");
    let images = format!("images: [{}]\n", ["desk", "extractor"].map(image).join(", "));
    let overlay = objects(documents(&on_top("production", components, &images).path));
    let chart = objects(rendered(values, "okki"));
    assert_eq!(
        overlay.keys().collect::<Vec<_>>(),
        chart.keys().collect::<Vec<_>>(),
        "{components:?}"
    );
    for (name, object) in &overlay {
        assert_eq!(
            object, &chart[name],
            "{components:?}: {name:?} of the overlay and of the chart"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chart.yaml");
    fs::write(&file, self::chart(values, "okki").unwrap()).unwrap();
    validate(&[file]);
}

#[test]
fn the_chart_is_in_line_with_the_manifests() {
    output(
        Command::new("python3")
            .arg(repository().join("deploy/helm/sync"))
            .arg("--check"),
    );
}

#[test]
fn the_chart_makes_what_the_production_overlay_makes() {
    same(&production(), &[]);
}

#[test]
fn the_chart_makes_what_the_components_make() {
    let everything = json!({
        "desk": {
            "enabled": true,
            "oidcSecret": "okki-desk-oidc",
            "settings": {
                "DESK_OIDC_ISSUER": "https://id.example.com/realms/acme",
                "DESK_OIDC_CLIENT_ID": "okki-desk",
                "DESK_OIDC_ROLES": "okki-admins=admin,okki-night=operator",
                "DESK_PUBLIC_URL": "https://okki.example.com",
            },
        },
        "networkPolicy": {"managed": ["10.0.0.0/8"]},
        "rabbitmqOperator": {"importCredentials": true, "tlsSecret": "okki-broker-server-tls"},
        "settings": {"common": {
            "ALERT_URL_FILE": "/var/run/secrets/okki/alerts/url",
            "AMQP_HOST": "amqps://rabbitmq:5671/okki",
            "AMQP_CA_FILE": "/var/run/secrets/okki/amqp/ca.crt",
            "REDIS_HOST": "rediss://redis:6379/0",
            "REDIS_CA_FILE": "/var/run/secrets/okki/redis/ca.crt",
        }},
    });
    let components = [
        "desk",
        "desk-oidc",
        "network-policy-managed",
        "broker-passwords",
        "tls",
        "alerts",
    ];
    same(&with(production(), &everything), &components);
    let scheduled = json!({"cronjob": {"enabled": true}});
    same(&with(production(), &scheduled), &["extractor-cronjob"]);
}

#[test]
fn without_keda_the_transformer_is_scaled_by_its_cpu() {
    let values = with(
        production(),
        &json!({"keda": {"enabled": false}, "hpa": {"enabled": true}}),
    );
    let chart = objects(rendered(&values, "okki"));
    let overlay = objects(documents(&on_top("local", &["hpa"], "").path));
    let scaler = ("HorizontalPodAutoscaler".to_owned(), "transformer".to_owned());
    assert_eq!(chart[&scaler], overlay[&scaler]);
    let replicas = |stage: &str| {
        chart[&("Deployment".to_owned(), stage.to_owned())]["spec"]
            .get("replicas")
            .cloned()
    };
    assert_eq!(replicas("transformer"), None);
    assert_eq!(replicas("loader"), Some(json!(2)));
}

#[test]
fn values_reach_what_they_name() {
    let digest = format!("sha256:{}", "0".repeat(64));
    let values = json!({
        "image": {"registry": "r.example.com", "digests": {"loader": digest}, "pullPolicy": "Always",
                  "pullSecrets": [{"name": "pull"}]},
        "keda": {"enabled": true}, "networkPolicy": {"enabled": true},
        "prometheus": {"enabled": true, "namespace": "watchers", "labels": {"release": "mine"}},
        "settings": {"common": {"NAMESPACE": "crm"}},
        "mapping": "{\"mine\": 1}", "extras": "{}",
        "stages": {"loader": {"podAnnotations": {"a": "b"}, "nodeSelector": {"disk": "fast"}}},
    });
    let objects = objects(rendered(&values, "elsewhere"));
    let object = |kind: &str, name: &str| &objects[&(kind.to_owned(), name.to_owned())];
    let pod = &object("Deployment", "loader")["spec"]["template"]["spec"];
    assert_eq!(
        pod["containers"][0]["image"],
        format!("r.example.com/loader@{digest}").as_str()
    );
    assert_eq!(pod["containers"][0]["imagePullPolicy"], "Always");
    assert_eq!(pod["imagePullSecrets"][0]["name"], "pull");
    assert_eq!(pod["nodeSelector"]["disk"], "fast");
    let trigger = &object("ScaledObject", "loader")["spec"]["triggers"][0]["metadata"];
    assert_eq!(trigger["host"], "http://rabbitmq.elsewhere.svc:15672/okki");
    assert_eq!(trigger["queueName"], "crm.load");
    assert!(
        object("NetworkPolicy", "okki-stages")
            .to_string()
            .contains("watchers")
    );
    assert_eq!(
        object("PodMonitor", "okki-pipeline")["metadata"]["labels"]["release"],
        "mine"
    );
    let mapping = &object("ConfigMap", "okki-mapping")["data"];
    assert_eq!(
        (&mapping["mapping.json"], &mapping["extras.json"]),
        (&json!("{\"mine\": 1}"), &json!("{}"))
    );
    assert_eq!(object("ConfigMap", "okki-common")["data"]["NAMESPACE"], "crm");
}

#[test]
fn values_that_nobody_knows_are_refused() {
    for (wrong, named) in [
        (json!({"options": {}}), "options"),
        (
            json!({"settings": {"loader": {"JDY_KEYWIDGET": "x"}}}),
            "JDY_KEYWIDGET",
        ),
        (
            json!({"settings": {"transformer": {"OKKI_RATE": 5}}}),
            "OKKI_RATE",
        ),
        (
            json!({"desk": {"settings": {"DESK_OIDC_CLIENT_SECRET": "x"}}}),
            "DESK_OIDC_CLIENT_SECRET",
        ),
        (json!({"keda": {"loader": {"min": 1, "max": 3}}}), "min"),
        (
            json!({"keda": {"enabled": true}, "hpa": {"enabled": true}}),
            "not",
        ),
        (json!({"image": {"digests": {"loader": "latest"}}}), "loader"),
    ] {
        let refused = chart(&wrong, "okki").expect_err(&format!("{wrong} was taken"));
        assert!(refused.contains(named), "{wrong}: {refused}");
    }
}
