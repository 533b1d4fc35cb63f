//! The OpenAPI document says what the addresses really answer, and nothing else.

use super::{
    Scene,
    people::{signed_in, token, with_people},
};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What the test makes every address answer where it can; the rest needs a broker or a vendor that is away.
const PROVOKED: [&str; 4] = ["400", "401", "403", "404"];

/// An operation of the document.
struct Operation {
    method: Method,
    path: String,
    said: Value,
}

impl Operation {
    fn all(document: &Value) -> Vec<Self> {
        let paths = document["paths"].as_object().unwrap();
        let each = paths.iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap();
            methods.iter().map(|(method, said)| Self {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                said: said.clone(),
            })
        });
        each.collect()
    }

    fn documented(&self) -> BTreeSet<&str> {
        self.said["responses"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect()
    }

    fn has_query(&self) -> bool {
        let parameters = self.said["parameters"].as_array();
        parameters.is_some_and(|all| all.iter().any(|one| one["in"] == "query"))
    }

    /// Of something that is there as far as its words go, or that cannot be.
    fn url(&self, scene: &Scene, stage: &str) -> String {
        let path = self.path.replace("{stage}", stage).replace("{deed}", "off");
        let id = match path.split('/').nth(1) {
            Some("operations") => "d-20260101-000000-abcdef",
            Some("wishes") => "w-20260101-000000-abcdef",
            _ => "p-1",
        };
        let path = path.replace("{id}", id).replace("{name}", "nobody");
        let query = match (self.method == Method::POST, self.has_query()) {
            (true, true) => "?reason=x",
            _ => "",
        };
        scene.url(&format!("/api/v1{path}{query}"))
    }

    /// As nobody should ask.
    fn wrongly(&self, scene: &Scene, client: &Client, token: &str) -> RequestBuilder {
        let url = self.url(scene, "load");
        let url = match self.has_query() {
            true => format!(
                "{}?limit=x&after=x&where=nonsense!&operator=%ff&adopt=x",
                url.split('?').next().unwrap()
            ),
            false => url,
        };
        match self.method == Method::GET {
            true => client.get(url),
            false => client
                .request(self.method.clone(), url)
                .header("x-form-token", token)
                .body("no JSON"),
        }
    }

    /// What it wants to be sent, as far as it is named here.
    fn right(&self, document: &Value) -> Value {
        let body = &self.said["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        let name = body
            .as_str()
            .and_then(|name| name.rsplit('/').next())
            .unwrap_or_default();
        let fields = document["components"]["schemas"][name]["properties"].as_object();
        let known = json!({"reason": "x", "all": true, "text": "x", "name": "x y", "stage": "load", "where": "code=x"});
        let known = known.as_object().unwrap().iter();
        let wanted = known.filter(|(field, _)| fields.is_some_and(|all| all.contains_key(*field)));
        Value::Object(
            wanted
                .map(|(field, value)| (field.clone(), value.clone()))
                .collect(),
        )
    }

    /// Members of the answer, as far as the document names them, and whether it names them all.
    fn members(&self, status: StatusCode, document: &Value) -> Option<(BTreeSet<String>, bool)> {
        let answer = &self.said["responses"][status.as_str()]["content"]["application/json"];
        let name = answer["schema"]["$ref"].as_str()?.rsplit('/').next()?;
        let schema = &document["components"]["schemas"][name];
        let parts = schema["allOf"]
            .as_array()
            .map_or(std::slice::from_ref(schema), Vec::as_slice);
        let named = parts.iter().filter_map(|part| part["properties"].as_object());
        let named: BTreeSet<String> = named.flat_map(|all| all.keys().cloned()).collect();
        Some((named, parts.len() == 1))
    }

    fn sent(&self, client: &Client, url: &str, token: &str, body: &Value) -> RequestBuilder {
        let sent = client
            .request(self.method.clone(), url)
            .header("x-form-token", token);
        match self.method == Method::GET {
            true => sent,
            false => sent.json(body),
        }
    }
}

#[tokio::test]
async fn the_document_says_what_every_address_answers() {
    let scene = with_people(428).await;
    let nobody = kit::http::client();
    let (viewer, admin) = (
        signed_in(&scene, "viewer").await,
        signed_in(&scene, "admin").await,
    );
    let (of_viewer, of_admin) = (token(&scene, &viewer).await, token(&scene, &admin).await);
    let document = admin.get(scene.url("/api/v1/openapi.json")).send().await.unwrap();
    let document: Value = document.json().await.unwrap();
    let operations = Operation::all(&document);
    assert!(operations.len() > 35, "{}", operations.len());
    let mut answered: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut described = BTreeSet::new();
    for operation in &operations {
        let name = format!("{} {}", operation.method, operation.path);
        let right = operation.right(&document);
        let (url, wrong_stage) = (operation.url(&scene, "load"), operation.url(&scene, "nowhere"));
        let empty = json!({});
        let cross = operation
            .sent(&admin, &url, &of_admin, &empty)
            .header("sec-fetch-site", "cross-site");
        let tries = [
            operation.sent(&nobody, &url, "", &empty),
            operation.sent(&viewer, &url, &of_viewer, &right),
            operation.sent(&admin, &wrong_stage, &of_admin, &right),
            operation.wrongly(&scene, &admin, &of_admin),
            operation.sent(&admin, &url, &of_admin, &empty),
            operation.sent(&admin, &url, &of_admin, &right),
            cross,
        ];
        for (number, request) in tries.into_iter().enumerate() {
            let answer = request.send().await.unwrap();
            let status = answer.status();
            let documented = operation.documented();
            assert!(
                documented.contains(status.as_str()),
                "{name}, try {number}: {status} is not in {documented:?}"
            );
            if let Some((named, is_all)) = operation
                .members(status, &document)
                .filter(|_| status.is_success())
            {
                let body: Value = answer.json().await.unwrap();
                let shown: BTreeSet<String> = body.as_object().unwrap().keys().cloned().collect();
                let fits = if is_all {
                    named == shown
                } else {
                    named.is_subset(&shown)
                };
                assert!(fits, "{name}: {shown:?}, but the document names {named:?}");
                described.insert(name.clone());
            } else if status >= StatusCode::BAD_REQUEST {
                let body: Value = answer.json().await.unwrap();
                assert!(
                    body["error"].as_str().is_some_and(|said| !said.is_empty()),
                    "{name}: {body}"
                );
            }
            answered
                .entry(name.clone())
                .or_default()
                .insert(status.as_str().to_owned());
        }
    }
    assert!(described.len() >= 12, "{described:?}");
    let mut never = Vec::new();
    for operation in &operations {
        let name = format!("{} {}", operation.method, operation.path);
        let answered = &answered[&name];
        for status in operation
            .documented()
            .into_iter()
            .filter(|status| PROVOKED.contains(status))
        {
            // Who is signed in may look at most things; another host's page may not, and no program says that it is one.
            let is_known = status == "403" && operation.method == Method::GET;
            if !is_known && !answered.contains(status) {
                never.push(format!("{name}: {status}, but {answered:?}"));
            }
        }
    }
    assert_eq!(never, Vec::<String>::new(), "documented and never answered");
}
