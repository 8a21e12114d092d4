//! A real manager and real agents make a file system in a simulated world: a
//! spec is planned, applied with consent, and carried out to its end, though
//! the manager ends in the middle.

use agent::host::HostError;
use agent::run::{Cadence, Memory, Workshop};
use axum::body::Body;
use axum::http::{Method, Request, header};
use http_body_util::BodyExt;
use manager::memory::Connector;
use manager::{Config, Running, Tls};
use model::role::Role;
use rt::Shutdown;
use serde_json::{Value, json};
use sim::door::{Door, Gate};
use sim::world::World;
use sim::world::host::HostName;
use sim::world::layout::Layout;
use sim::world::power;
use sim::world::record::Happening;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tower::ServiceExt;

const PATIENCE: Duration = Duration::from_mins(1);

const SPEC: &str = "
candela: 1
servers:
- names: mds[01-02],oss[01-02]
ha_groups:
- {name: mds, servers: 'mds[01-02]', manager: none}
- {name: oss, servers: 'oss[01-02]', manager: none}
networks:
- {net: tcp, interfaces: [eth0]}
filesystems:
- name: scratch
  mdts:
  - {devices: ['wwn:0x5000c50000000001']}
  osts:
  - {devices: ['wwn:0x5000c50000001001', 'wwn:0x5000c50000001002']}
";

/// Time goes on for whoever waits, once this is open.
struct Dam {
    world: Arc<Mutex<World>>,
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Dam {
    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

impl Gate for Dam {
    fn wait_until(&self, at: Duration) -> Result<(), HostError> {
        let is_open = self.is_open.lock().unwrap();
        drop(self.opened.wait_while(is_open, |open| !*open).unwrap());
        self.world.lock().unwrap().advance(at);
        Ok(())
    }
}

/// An agent that dials whatever manager there is.
async fn live(
    door: Arc<Door>,
    name: HostName,
    mut managers: watch::Receiver<Option<Connector>>,
    shutdown: Shutdown,
) {
    let machine = door.world().hosts[&name].machine_id.clone();
    let hands = Arc::clone(&door) as Arc<dyn agent::host::Hands>;
    let mut memory = Memory::new(1, None).with_work(Workshop::open(hands, None).unwrap());
    while !shutdown.is_begun() {
        let connector = managers.borrow_and_update().clone();
        if let Some(connector) = connector {
            let link = connector.connect(&machine, &name.0, None).await.unwrap();
            drop(connector);
            let host = Arc::clone(&door) as Arc<dyn agent::host::Host>;
            agent::run::run(host, link, Cadence::default(), &mut memory, &shutdown).await;
        }
        tokio::select! {
            _ = managers.changed() => {}
            () = shutdown.wait() => {}
        }
    }
}

/// A manager, and someone who asks it.
struct Site {
    running: Running,
    token: String,
}

impl Site {
    async fn start(folder: &Path) -> Self {
        let mut config = Config::new("127.0.0.1:0".parse().unwrap(), folder.to_owned());
        config.tls = Tls::Off;
        let running = manager::start(config).await.unwrap();
        let manager = running.manager();
        let admin = manager.store().user_by_name("admin".into()).await;
        let admin = admin.unwrap().unwrap().id;
        let made =
            manager::http::issue_token(manager, admin, "test".into(), Role::Operator, PATIENCE);
        let token = made.await.unwrap().unwrap().secret;
        Self { running, token }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
            .unwrap();
        let router = manager::http::router(Arc::clone(self.running.manager()));
        let answer = router.oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(Method::POST, path, Some(body)).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// Asks again after each change until the answer is so.
    async fn until(
        &self,
        ask: (Method, &str, Option<Value>),
        holds: impl Fn(&Value) -> bool,
    ) -> Value {
        let mut changes = self.running.manager().changes().subscribe(None);
        let mut last = Value::Null;
        let wait = async {
            loop {
                last = self.call(ask.0.clone(), ask.1, ask.2.clone()).await.1;
                if holds(&last) {
                    return;
                }
                changes.next().await;
            }
        };
        let is_in_time = tokio::time::timeout(PATIENCE, wait).await.is_ok();
        assert!(is_in_time, "never: {last:#}");
        last
    }
}

fn count(steps: &Value, state: &str) -> usize {
    let steps = steps["steps"].as_array().into_iter().flatten();
    steps.filter(|step| step["state"] == state).count()
}

/// A verb of what `allowed` answered.
fn verb<'v>(allowed: &'v Value, name: &str) -> &'v Value {
    let mut verbs = allowed["verbs"].as_array().into_iter().flatten();
    verbs
        .find(|verb| verb["verb"] == name)
        .unwrap_or(&Value::Null)
}

/// Waits until a verb may be used; gives it.
async fn may(site: &Site, thing: &str, name: &str) -> Value {
    let path = format!("/allowed?thing={thing}");
    let ask = (Method::GET, path.as_str(), None);
    let told = site
        .until(ask, |told| verb(told, name)["is_allowed"] == true)
        .await;
    verb(&told, name).clone()
}

/// Plans what is asked, applies it as it was shown, and waits for its end.
async fn carry_out(site: &Site, asked: Value) -> Value {
    let plan = site.post("/plan", asked.clone()).await;
    let mut apply = asked;
    apply["base_version"] = plan["base_version"].clone();
    apply["plan_hash"] = json!("another");
    let (status, problem) = site.call(Method::POST, "/jobs", Some(apply.clone())).await;
    assert_eq!(
        (status, &problem["code"]),
        (409, &json!("plan-changed")),
        "{plan:#}"
    );
    apply["plan_hash"] = plan["hash"].clone();
    let made = site.post("/jobs", apply).await;
    let path = format!("/jobs/{}", made["id"].as_str().unwrap());
    let ask = (Method::GET, path.as_str(), None);
    let done = site.until(ask, |job| job["state"] != "running").await;
    assert_eq!(done["state"], "done", "{done:#}");
    assert_eq!(paged(site, &path).await, done["steps"]);
    plan
}

/// The steps of a job, read two at a time.
async fn paged(site: &Site, path: &str) -> Value {
    let (mut steps, mut cursor) = (Vec::new(), json!(0));
    while !cursor.is_null() {
        let (_, page) = site
            .call(
                Method::GET,
                &format!("{path}?limit=2&cursor={cursor}"),
                None,
            )
            .await;
        let found = page["steps"].as_array().unwrap();
        assert!(found.len() <= 2, "{page:#}");
        steps.extend(found.iter().cloned());
        cursor = page["next"].clone();
    }
    Value::Array(steps)
}

/// Another job about the same things is refused while one is at work on them,
/// and its spec is not kept.
async fn in_the_way(site: &Site, consents: &[Value]) {
    let less = SPEC.replace(", 'wwn:0x5000c50000001002'", "");
    assert_ne!(less, SPEC);
    let mut asked = json!({"spec": less, "consents": consents});
    let plan = site.post("/plan", asked.clone()).await;
    assert_eq!(plan["is_ready"], true, "{plan:#}");
    asked["base_version"] = plan["base_version"].clone();
    asked["plan_hash"] = plan["hash"].clone();
    let (status, problem) = site.call(Method::POST, "/jobs", Some(asked)).await;
    assert_eq!((status, &problem["code"]), (409, &json!("conflict")));
    let said = problem["detail"].as_str().unwrap();
    assert!(said.contains("is at work on"), "{said}");
    let (_, kept) = site.call(Method::GET, "/spec", None).await;
    assert_eq!(kept["version"], plan["base_version"]);
}

/// A target goes to its heir by the goal that `allowed` names.
async fn fail_over(site: &Site) {
    let verb = may(site, "scratch-OST0000", "failover").await;
    let plan = carry_out(site, json!({"goals": verb["goals"]})).await;
    let steps = plan["steps"].as_array().unwrap().iter();
    let kinds: Vec<&Value> = steps.map(|step| &step["kind"]).collect();
    assert_eq!(kinds, ["target_unmounted", "target_mounted"]);
    may(site, "scratch-OST0000", "failback").await;
}

/// A server is drained by the edit that `allowed` names; the spec keeps it.
async fn drain(site: &Site) {
    let verb = may(site, "mds01", "drain").await;
    let plan = carry_out(site, json!({"edits": verb["edits"]})).await;
    assert_eq!(plan["title"], "Drain mds01");
    let (_, kept) = site.call(Method::GET, "/spec", None).await;
    assert_eq!(kept["text"], plan["spec"]);
    assert!(kept["text"].as_str().unwrap().contains("drained"), "{kept}");
    assert_eq!(kept["note"], "Drain mds01 (written anew by a command)");
    let (_, all) = site.call(Method::GET, "/spec/versions", None).await;
    let (_, page) = site.call(Method::GET, "/spec/versions?limit=1", None).await;
    assert_eq!(
        (&page["items"][0], &page["next"], &page["total"]),
        (
            &all["items"][0],
            &json!(kept["version"].to_string()),
            &all["total"]
        )
    );
    let next = format!("/spec/versions?limit=1&cursor={}", kept["version"]);
    let (_, page) = site.call(Method::GET, &next, None).await;
    assert_eq!(page["items"][0], all["items"][1]);
    may(site, "mds01", "return").await;
}

/// A dead server is removed by an operator's word, and its agent is refused.
async fn bury(site: &Site) {
    let verb = may(site, "oss02", "force-remove").await;
    let mut asked = json!({"edits": verb["edits"], "goals": verb["goals"]});
    let draft = site.post("/plan", asked.clone()).await;
    let needed = &draft["consent_needed"];
    assert_eq!(needed.as_array().unwrap().len(), 1, "{draft:#}");
    assert_eq!(needed[0]["word"], "oss02");
    asked["consents"] =
        json!([{"device": needed[0]["device"], "signature": needed[0]["signature"]}]);
    let plan = carry_out(site, asked).await;
    assert_eq!(plan["removes"][0]["name"], "oss02");
    let steps = plan["steps"].as_array().unwrap().iter();
    let kinds: Vec<&Value> = steps.map(|step| &step["kind"]).collect();
    assert_eq!(kinds, ["target_mounted", "target_mounted"]);
    let ask = (Method::GET, "/servers/oss02", None);
    site.until(ask, |server| server["state"] == "revoked").await;
    let (_, told) = site.call(Method::GET, "/events?kind=server.", None).await;
    let told = told["items"].as_array().unwrap().iter();
    let mut said = told.filter(|event| event["kind"] == "server.said-off");
    let said = said.next().expect("it is in the journal");
    assert!(said["actor"].is_string(), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_system_is_made_though_the_manager_ends_in_the_middle_and_then_moved_about() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout {
        n_servers: 4,
        ..Layout::default()
    };
    let world = Arc::new(Mutex::new(layout.build(7)));
    let dam = Arc::new(Dam {
        world: Arc::clone(&world),
        is_open: Mutex::new(false),
        opened: Condvar::new(),
    });
    let site = Site::start(folder.path()).await;
    let (managers, _) = watch::channel(Some(site.running.memory_connector()));
    let shutdown = Shutdown::new();
    let mut agents = tokio::task::JoinSet::new();
    let oss02 = Shutdown::new();
    for name in layout.names() {
        let gate = Arc::clone(&dam) as Arc<dyn Gate>;
        let door = Door::new(Arc::clone(&world), name.clone(), gate, true);
        let own = if name.0 == "oss02" { &oss02 } else { &shutdown };
        let own = own.clone();
        agents.spawn(live(Arc::new(door), name, managers.subscribe(), own));
    }

    let ask = json!({"spec": SPEC});
    let plan = site
        .until((Method::POST, "/plan", Some(ask)), |plan| {
            plan["consent_needed"].as_array().map(Vec::len) == Some(3)
                && plan["waiting"] == json!([])
        })
        .await;
    assert_eq!(plan["is_ready"], false);
    let consents: Vec<Value> = plan["consent_needed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!({"device": one["device"], "signature": one["signature"]}))
        .collect();
    let mut apply = json!({"spec": SPEC, "base_version": 0, "plan_hash": plan["hash"]});
    let (status, problem) = site.call(Method::POST, "/jobs", Some(apply.clone())).await;
    assert_eq!((status, &problem["code"]), (409, &json!("consent-needed")));
    apply["consents"] = json!(consents);
    let made = site.post("/jobs", apply).await;
    let path = format!("/jobs/{}", made["id"].as_str().unwrap());

    // The world stands still: what has begun cannot end.
    let half = site
        .until((Method::GET, &path, None), |job| count(job, "running") > 0)
        .await;
    assert_eq!(half["state"], "running", "{half:#}");
    in_the_way(&site, &consents).await;
    managers.send_replace(None);
    site.running.shutdown().await;
    let site = Site::start(folder.path()).await;
    let (_, kept) = site.call(Method::GET, &path, None).await;
    assert_eq!(kept["n_steps"], half["n_steps"]);
    assert!(count(&kept, "running") > 0, "{kept:#}");
    managers.send_replace(Some(site.running.memory_connector()));
    dam.open();
    let done = site
        .until((Method::GET, &path, None), |job| job["state"] != "running")
        .await;
    assert_eq!(done["state"], "done", "{done:#}");

    let attempts = done["steps"].as_array().unwrap().iter();
    assert!(
        attempts.clone().all(|step| step["attempt"] == 1),
        "{done:#}"
    );
    let formatted: Vec<String> = world
        .lock()
        .unwrap()
        .records_after(0)
        .filter_map(|record| match &record.what {
            Happening::Commanded { argv, .. } if argv[0].ends_with("mkfs.lustre") => {
                argv.last().cloned()
            }
            _ => None,
        })
        .collect();
    assert_eq!(formatted.len(), 3, "each device once: {formatted:?}");
    let first = attempts
        .clone()
        .find(|step| step["kind"] == "target_formatted");
    let number = &first.unwrap()["number"];
    let console = format!("{path}/steps/{number}/console");
    let (_, lines) = site.call(Method::GET, &console, None).await;
    assert!(lines.to_string().contains("mkfs.lustre"), "{lines:#}");

    fail_over(&site).await;
    oss02.begin();
    power::cut(
        &mut world.lock().unwrap(),
        &HostName(String::from("oss02")),
        "crash",
    );
    bury(&site).await;
    drain(&site).await;
    // Each is told just after the job has ended.
    let ended = |told: &Value| {
        let told = told["items"].as_array().into_iter().flatten();
        told.filter(|event| event["kind"] == "job.ended").count()
    };
    let told = (Method::GET, "/events?kind=job.", None);
    let told = site.until(told, |told| ended(told) >= 4).await;
    assert_eq!(ended(&told), 4, "{told:#}");

    shutdown.begin();
    while agents.join_next().await.is_some() {}
    drop(managers);
    site.running.shutdown().await;
}
