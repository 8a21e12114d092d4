//! How long a deployment to many simulated servers takes beside the slowest of
//! them, through the real manager, its journal and the real agents, in real
//! time: LNet on all of them by one job, and then everything else of the demo's
//! spec, beside the same on the fewest servers.
//!
//! `cargo run --release -p candela-sim --example deploy [SERVERS…]`

use anyhow::{Context, Result, ensure};
use axum::body::Body;
use axum::http::{Method, Request, header};
use http_body_util::BodyExt;
use jiff::Timestamp;
use manager::{Config, Running, Tls};
use model::role::Role;
use serde_json::{Value, json};
use sim::demo::Cluster;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower::ServiceExt;

// The one that ships.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long it may take until all servers are known.
const PLANNED_WITHIN: Duration = Duration::from_mins(2);
/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(40);
/// A real server has threads of its own; here all are in one process.
const THREADS_MAX: usize = 4096;
/// Between two looks at the job.
const LOOK_EVERY: Duration = Duration::from_millis(200);

fn main() -> Result<()> {
    let chosen: Vec<usize> = std::env::args()
        .skip(1)
        .map(|word| word.parse().context("SERVERS is a number"))
        .collect::<Result<_>>()?;
    let (manager, agents) = (runtime("manager")?, runtime("agents")?);
    let mut fewest = None;
    for n_servers in if chosen.is_empty() {
        vec![4, 50, 1000]
    } else {
        chosen
    } {
        let (of_manager, of_agents) = (cpu("manager")?, cpu("agents")?);
        let whole = manager.block_on(deploy(n_servers, &agents))?;
        let beside = whole / *fewest.get_or_insert(whole);
        println!(
            "{n_servers} servers, everything: {whole:.1} s (factor {beside:.2}); in all the \
             manager computed for {:.1} s, the agents and their servers for {:.1} s",
            cpu("manager")? - of_manager,
            cpu("agents")? - of_agents
        );
    }
    agents.shutdown_background();
    Ok(())
}

/// Threads of this name; the manager's do not wait behind the agents'.
fn runtime(name: &str) -> Result<tokio::runtime::Runtime> {
    let made = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(THREADS_MAX)
        .thread_keep_alive(PATIENCE)
        .thread_name(name)
        .enable_all()
        .build()?;
    Ok(made)
}

/// Seconds that threads of this name have computed; the store's are the manager's.
fn cpu(name: &str) -> Result<f64> {
    // `USER_HZ` of every Linux that Candela runs on.
    const TICKS: f64 = 100.0;
    let mut ticks = 0;
    for task in std::fs::read_dir("/proc/self/task")? {
        // A thread may end meanwhile.
        let Ok(stat) = std::fs::read_to_string(task?.path().join("stat")) else {
            continue;
        };
        let (head, rest) = stat.rsplit_once(')').context("no name of a thread")?;
        let is_agents = head.ends_with("(agents");
        if is_agents == (name == "agents") {
            let fields = rest.split_whitespace().skip(11).take(2);
            ticks += fields
                .filter_map(|text| text.parse::<u32>().ok())
                .sum::<u32>();
        }
    }
    Ok(f64::from(ticks) / TICKS)
}

/// Deploys LNet, then the rest; gives how long that took, in seconds.
async fn deploy(n_servers: usize, on: &tokio::runtime::Runtime) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let mut config = Config::new("127.0.0.1:0".parse()?, folder.path().join("manager"));
    config.tls = Tls::Off;
    let running = manager::start(config).await?;
    let asker = Asker::new(&running).await?;
    let agents = agents_folder()?;
    let of_agents = agents.path().to_owned();
    let cluster = {
        let _agents = on.enter();
        Cluster::start(n_servers, 1, &running.memory_connector(), of_agents)?
    };

    let (name, secret) = Cluster::secret();
    running
        .manager()
        .put_secret(name, secret.as_bytes())
        .await?;
    let (path, job) = carry_out(&asker, &spec(&cluster), 0).await?;
    report(&asker, &path, &job, n_servers).await?;
    let (_, job) = carry_out(&asker, &cluster.spec(), 1).await?;
    let whole = took(&job)?;
    cluster.stop().await;
    running.shutdown().await;
    Ok(whole)
}

/// Where the agents keep what they were told. Each real server has a disk of its
/// own for that; here the manager's would have to write for all of them.
fn agents_folder() -> Result<tempfile::TempDir> {
    let memory = std::path::Path::new("/dev/shm");
    Ok(if memory.is_dir() {
        tempfile::tempdir_in(memory)?
    } else {
        tempfile::tempdir()?
    })
}

/// Plans a spec when it can be, applies it, and waits for the job's end.
async fn carry_out(asker: &Asker, spec: &str, base_version: u64) -> Result<(String, Value)> {
    let begun = Instant::now();
    let mut asked = json!({"spec": spec, "consents": []});
    let plan = loop {
        let plan = asker.post("/plan", asked.clone()).await?;
        if plan["is_ready"] == true && plan["waiting"] == json!([]) {
            break plan;
        }
        ensure!(begun.elapsed() < PLANNED_WITHIN, "no plan: {plan}");
        // The disks are blank: whoever measures gives them up.
        let needed = plan["consent_needed"].as_array().cloned();
        let given = asked["consents"].as_array_mut().context("a list")?;
        given.extend(needed.unwrap_or_default());
        tokio::time::sleep(LOOK_EVERY).await;
    };
    let mut apply = asked;
    apply["base_version"] = json!(base_version);
    apply["plan_hash"] = plan["hash"].clone();
    let made = asker.post("/jobs", apply).await?;
    let path = format!("/jobs/{}", made["id"].as_str().context("a job")?);
    loop {
        // One step is enough to see how it goes.
        let brief = format!("{path}?limit=1");
        let job = asker.call(Method::GET, &brief, None).await?;
        if job["state"] != "running" {
            ensure!(job["state"] == "done", "the job ended as {}", job["state"]);
            let job = asker.call(Method::GET, &path, None).await?;
            return Ok((path, job));
        }
        ensure!(begun.elapsed() < PATIENCE, "not done: {}", job["n_over"]);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The job's time beside the commands' own.
async fn report(asker: &Asker, path: &str, job: &Value, n_servers: usize) -> Result<()> {
    let took = took(job)?;
    let mut servers: BTreeMap<String, u64> = BTreeMap::new();
    let steps = job["steps"].as_array().context("steps")?;
    for step in steps {
        let console = format!("{path}/steps/{}/console", step["number"]);
        let lines = asker.call(Method::GET, &console, None).await?;
        let lines = lines["items"].as_array().context("lines")?;
        let own: u64 = lines
            .iter()
            .filter_map(|line| line["took_ms"].as_u64())
            .sum();
        *servers.entry(step["server"].to_string()).or_default() += own;
    }
    let slowest = servers.values().max().copied().unwrap_or(0);
    let in_all: u64 = servers.values().sum();
    let ratio = took / Duration::from_millis(slowest).as_secs_f64();
    println!(
        "{n_servers} servers, {} steps: {took:.2} s; commands of the slowest server {:.2} s \
         (factor {ratio:.2}), of all {:.1} s",
        steps.len(),
        Duration::from_millis(slowest).as_secs_f64(),
        Duration::from_millis(in_all).as_secs_f64(),
    );
    Ok(())
}

fn took(job: &Value) -> Result<f64> {
    let at =
        |field: &str| -> Result<Timestamp> { Ok(job[field].as_str().context("a time")?.parse()?) };
    let took = at("ended_at")?.duration_since(at("submitted_at")?);
    Ok(took.as_secs_f64())
}

/// LNet on all of them, by the demo's own spec without the rest.
fn spec(cluster: &Cluster) -> String {
    let names: Vec<String> = cluster.servers().into_iter().map(|one| one.name).collect();
    format!(
        "candela: 1\nservers:\n- names: {}\nnetworks:\n- {{net: tcp, interfaces: [eth0]}}\n",
        names.join(",")
    )
}

/// Someone who may do it.
struct Asker {
    router: axum::Router,
    token: String,
}

impl Asker {
    async fn new(running: &Running) -> Result<Self> {
        let manager = running.manager();
        let admin = manager.store().user_by_name("admin".into()).await?;
        let admin = admin.context("the first run makes an admin")?.id;
        let token =
            manager::http::issue_token(manager, admin, "deploy".into(), Role::Operator, PATIENCE);
        let made = token.await?.context("no token")?;
        let router = manager::http::router(Arc::clone(manager));
        let token = made.secret;
        Ok(Self { router, token })
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))?;
        let answer = self.router.clone().oneshot(request).await?;
        let status = answer.status();
        let bytes = answer.into_body().collect().await?.to_bytes();
        let value: Value = serde_json::from_slice(&bytes)?;
        ensure!(status.is_success(), "{path}: {status} {value}");
        Ok(value)
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }
}
