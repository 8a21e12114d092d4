//! The HTTP API, called in this process: who may call what, and what comes back.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use manager::{Config, Running, Tls, start};
use model::role::Role;
use serde_json::{Value, json};
use std::time::Duration;
use tower::ServiceExt;

struct Site {
    running: Running,
    router: Router,
    _folder: tempfile::TempDir,
    password: String,
}

async fn site() -> Site {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::new("127.0.0.1:0".parse().unwrap(), folder.path().to_path_buf());
    config.tls = Tls::Off;
    let running = start(config).await.unwrap();
    let router = manager::http::router(running.manager().clone());
    let password = running.first_admin.as_ref().unwrap().password.clone();
    Site {
        running,
        router,
        _folder: folder,
        password,
    }
}

#[derive(Clone, Default)]
struct Who {
    bearer: Option<String>,
    cookie: Option<String>,
    csrf: Option<String>,
}

impl Site {
    async fn call(
        &self,
        method: Method,
        path: &str,
        who: &Who,
        body: Option<Value>,
    ) -> (StatusCode, Value, String) {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"));
        if let Some(token) = &who.bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(cookie) = &who.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if let Some(csrf) = &who.csrf {
            request = request.header("x-csrf-token", csrf);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = request
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let cookie = answer.headers().get(header::SET_COOKIE);
        let cookie = cookie
            .map(|value| value.to_str().unwrap().to_owned())
            .unwrap_or_default();
        if path.starts_with("/stream") && status.is_success() {
            return (status, Value::Null, cookie);
        }
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            cookie,
        )
    }

    async fn token(&self, role: Role) -> Who {
        let store = self.running.manager().store();
        let admin = store.user_by_name("admin".into()).await.unwrap().unwrap();
        let ttl = Duration::from_mins(10);
        let made =
            manager::http::issue_token(self.running.manager(), admin.id, "test".into(), role, ttl);
        Who {
            bearer: Some(made.await.unwrap().unwrap().secret),
            ..Who::default()
        }
    }

    async fn login(&self, password: &str) -> (StatusCode, Value, String) {
        let body = json!({"user": "admin", "password": password});
        self.call(Method::POST, "/login", &Who::default(), Some(body))
            .await
    }
}

/// Every operation with the statuses for nobody, viewer, operator and admin.
const ROUTES: &[(&str, &str, [u16; 4])] = &[
    ("GET", "/health", [200, 200, 200, 200]),
    ("GET", "/me", [401, 200, 200, 200]),
    ("GET", "/summary", [401, 200, 200, 200]),
    ("GET", "/topology", [401, 200, 200, 200]),
    ("GET", "/servers", [401, 200, 200, 200]),
    ("GET", "/servers/none", [401, 404, 404, 404]),
    ("GET", "/targets", [401, 200, 200, 200]),
    ("GET", "/targets/none", [401, 404, 404, 404]),
    ("GET", "/filesystems", [401, 200, 200, 200]),
    ("GET", "/filesystems/none", [401, 404, 404, 404]),
    ("GET", "/devices", [401, 200, 200, 200]),
    ("GET", "/devices/none", [401, 404, 404, 404]),
    ("GET", "/ha-clusters", [401, 200, 200, 200]),
    ("GET", "/ha-clusters/none", [401, 404, 404, 404]),
    ("GET", "/ha-clusters/none/targets", [401, 404, 404, 404]),
    ("GET", "/clients", [401, 200, 200, 200]),
    ("GET", "/clients/none", [401, 404, 404, 404]),
    ("GET", "/maintenance", [401, 200, 200, 200]),
    ("GET", "/events", [401, 200, 200, 200]),
    ("GET", "/stream", [401, 200, 200, 200]),
    ("GET", "/explain?thing=none", [401, 404, 404, 404]),
    ("GET", "/allowed", [401, 400, 400, 400]),
    ("GET", "/allowed?thing=none", [401, 404, 404, 404]),
    ("GET", "/allowed?thing=none&noun=disk", [401, 400, 400, 400]),
    ("GET", "/users", [401, 403, 403, 200]),
    ("POST", "/users", [401, 403, 403, 400]),
    ("PATCH", "/users/none", [401, 403, 403, 404]),
    ("DELETE", "/users/none", [401, 403, 403, 404]),
    ("POST", "/session/password", [401, 400, 400, 400]),
    ("GET", "/tokens", [401, 200, 200, 200]),
    ("POST", "/tokens", [401, 400, 400, 400]),
    ("DELETE", "/tokens/none", [401, 404, 404, 404]),
    ("POST", "/enrolment-tokens", [401, 403, 200, 200]),
    ("POST", "/servers/none/revoke", [401, 403, 403, 404]),
    ("GET", "/spec", [401, 200, 200, 200]),
    ("GET", "/spec?version=9", [401, 404, 404, 404]),
    ("GET", "/spec/versions", [401, 200, 200, 200]),
    ("GET", "/spec/export", [401, 200, 200, 200]),
    ("POST", "/filesystems/propose", [401, 200, 200, 200]),
    ("POST", "/spec/check", [401, 403, 200, 200]),
    ("POST", "/spec/diff", [401, 200, 200, 200]),
    ("POST", "/plan", [401, 403, 200, 200]),
    ("GET", "/jobs", [401, 200, 200, 200]),
    ("POST", "/jobs", [401, 403, 409, 409]),
    ("GET", "/jobs/none", [401, 404, 404, 404]),
    ("GET", "/jobs/none/steps/0/console", [401, 404, 404, 404]),
    ("POST", "/jobs/none/cancel", [401, 403, 404, 404]),
    ("POST", "/jobs/none/retry", [401, 403, 404, 404]),
    ("POST", "/jobs/none/skip", [401, 403, 403, 404]),
    ("GET", "/secrets", [401, 200, 200, 200]),
    ("PUT", "/secrets/bmc", [401, 403, 403, 400]),
    ("POST", "/logout", [401, 200, 200, 200]),
    ("GET", "/no-such-operation", [404, 404, 404, 404]),
];

#[tokio::test]
async fn each_role_may_call_what_it_may() {
    let site = site().await;
    let callers = [
        Who::default(),
        site.token(Role::Viewer).await,
        site.token(Role::Operator).await,
        site.token(Role::Admin).await,
    ];
    for (method, path, expected) in ROUTES {
        for (who, expected) in callers.iter().zip(expected) {
            let method: Method = method.parse().unwrap();
            let body = match *path {
                "/users" => json!({"name": "no spaces here", "password": "x", "role": "viewer"}),
                "/tokens" => json!({"name": "", "role": "viewer"}),
                "/filesystems/propose" => json!({"name": "scratch"}),
                "/session/password" => json!({"current": site.password, "new": "too short"}),
                _ => json!({}),
            };
            let has_body = matches!(method, Method::POST | Method::PATCH | Method::PUT);
            let body = has_body.then_some(body);
            let (status, answer, _) = site.call(method.clone(), path, who, body).await;
            assert_eq!(status.as_u16(), *expected, "{method} {path}: {answer}");
            if *expected >= 400 {
                let remedy = answer["remedy"].as_str().unwrap_or_default();
                assert!(
                    !remedy.is_empty(),
                    "{method} {path} says not what to do: {answer}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_session_needs_its_cookie_and_its_csrf_header() {
    let site = site().await;
    assert_eq!(site.login("wrong").await.0, 401);
    let (status, me, cookie) = site.login(&site.password.clone()).await;
    assert_eq!(
        (status, me["role"].as_str()),
        (StatusCode::OK, Some("admin"))
    );
    for part in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let mut who = Who {
        cookie: cookie.split(';').next().map(str::to_owned),
        ..Who::default()
    };
    assert_eq!(site.call(Method::GET, "/servers", &who, None).await.0, 200);
    let (status, problem, _) = site
        .call(Method::POST, "/enrolment-tokens", &who, Some(json!({})))
        .await;
    assert_eq!(
        (status.as_u16(), problem["code"].as_str()),
        (403, Some("csrf-missing"))
    );
    who.csrf = me["csrf"].as_str().map(str::to_owned);
    let (status, made, _) = site
        .call(Method::POST, "/enrolment-tokens", &who, Some(json!({})))
        .await;
    assert_eq!(status, 200);
    assert!(made["secret"].as_str().unwrap().starts_with("candela1."));
    assert_eq!(site.call(Method::POST, "/logout", &who, None).await.0, 200);
    assert_eq!(site.call(Method::GET, "/servers", &who, None).await.0, 401);
}

#[tokio::test]
async fn an_account_and_its_token_go_together() {
    let site = site().await;
    let admin = site.token(Role::Admin).await;
    let body = json!({"name": "vera", "password": "twelve letters", "role": "viewer"});
    assert_eq!(
        site.call(Method::POST, "/users", &admin, Some(body.clone()))
            .await
            .0,
        200
    );
    assert_eq!(
        site.call(Method::POST, "/users", &admin, Some(body))
            .await
            .0,
        409
    );
    let login = json!({"user": "vera", "password": "twelve letters"});
    let (_, me, cookie) = site
        .call(Method::POST, "/login", &Who::default(), Some(login))
        .await;
    let vera = Who {
        cookie: cookie.split(';').next().map(str::to_owned),
        csrf: me["csrf"].as_str().map(str::to_owned),
        ..Who::default()
    };
    let higher = json!({"name": "x", "role": "admin"});
    assert_eq!(
        site.call(Method::POST, "/tokens", &vera, Some(higher))
            .await
            .0,
        403
    );
    let own = json!({"name": "x", "role": "viewer"});
    let (status, made, _) = site.call(Method::POST, "/tokens", &vera, Some(own)).await;
    assert_eq!(status, 200);
    let token = Who {
        bearer: made["secret"].as_str().map(str::to_owned),
        ..Who::default()
    };
    assert_eq!(
        site.call(Method::GET, "/targets", &token, None).await.0,
        200
    );
    let gone = site.call(Method::DELETE, "/users/vera", &admin, None).await;
    assert_eq!(gone.0, 200);
    assert_eq!(
        site.call(Method::GET, "/targets", &token, None).await.0,
        401
    );
    assert_eq!(site.call(Method::GET, "/targets", &vera, None).await.0, 401);
}

impl Site {
    /// Logs in with a name; a caller with a session, or the status.
    async fn session(&self, user: &str, password: &str) -> Result<Who, (u16, Value)> {
        let body = json!({"user": user, "password": password});
        let (status, me, cookie) = self
            .call(Method::POST, "/login", &Who::default(), Some(body))
            .await;
        if status != StatusCode::OK {
            return Err((status.as_u16(), me["code"].clone()));
        }
        Ok(Who {
            cookie: cookie.split(';').next().map(str::to_owned),
            csrf: me["csrf"].as_str().map(str::to_owned),
            ..Who::default()
        })
    }

    async fn status(&self, method: Method, path: &str, who: &Who, body: Option<Value>) -> u16 {
        self.call(method, path, who, body).await.0.as_u16()
    }
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let site = site().await;
    let old = site.password.clone();
    let here = site.session("admin", &old).await.unwrap();
    let elsewhere = site.session("admin", &old).await.unwrap();
    let token = site.token(Role::Viewer).await;
    let path = "/session/password";
    let change = |current: &str| Some(json!({"current": current, "new": "a longer password"}));
    let mut without = here.clone();
    without.csrf = None;
    let post = || Method::POST;
    assert_eq!(site.status(post(), path, &without, change(&old)).await, 403);
    assert_eq!(site.status(post(), path, &here, change("no")).await, 401);
    assert_eq!(site.status(post(), path, &here, change(&old)).await, 200);
    assert_eq!(site.status(Method::GET, "/me", &here, None).await, 200);
    assert_eq!(site.status(Method::GET, "/me", &elsewhere, None).await, 401);
    assert_eq!(site.status(Method::GET, "/me", &token, None).await, 200);
    let refused = site.session("admin", &old).await.err();
    assert_eq!(refused, Some((401, json!("login-wrong"))));
    site.session("admin", "a longer password").await.unwrap();
}

#[tokio::test]
async fn the_current_password_cannot_be_tried_out() {
    let site = site().await;
    let caller = site.token(Role::Viewer).await;
    let body = || Some(json!({"current": "guess", "new": "a longer password"}));
    let path = "/session/password";
    for _ in 0..10 {
        assert_eq!(site.status(Method::POST, path, &caller, body()).await, 401);
    }
    assert_eq!(site.status(Method::POST, path, &caller, body()).await, 429);
    let refused = site.session("admin", &site.password).await.err();
    assert_eq!(refused, Some((429, json!("login-too-often"))));
}

#[tokio::test]
async fn a_disabled_account_is_nobody_until_it_is_enabled() {
    let site = site().await;
    let admin = site.token(Role::Admin).await;
    let body = json!({"name": "vera", "password": "twelve letters", "role": "operator"});
    let users = "/users";
    assert_eq!(
        site.status(Method::POST, users, &admin, Some(body)).await,
        200
    );
    let vera = site.session("vera", "twelve letters").await.unwrap();
    let own = json!({"name": "x", "role": "operator"});
    let (_, made, _) = site.call(Method::POST, "/tokens", &vera, Some(own)).await;
    let token = Who {
        bearer: made["secret"].as_str().map(str::to_owned),
        ..Who::default()
    };
    let path = "/users/vera";
    let patch = || Method::PATCH;
    let lower = Some(json!({"role": "viewer"}));
    assert_eq!(site.status(patch(), path, &admin, lower).await, 200);
    let enrol = "/enrolment-tokens";
    let asked = Some(json!({}));
    assert_eq!(site.status(Method::POST, enrol, &token, asked).await, 403);
    let (_, user, _) = site
        .call(patch(), path, &admin, Some(json!({"is_disabled": true})))
        .await;
    assert_eq!(user["is_disabled"], true);
    assert_eq!(site.status(Method::GET, "/me", &vera, None).await, 401);
    assert_eq!(site.status(Method::GET, "/me", &token, None).await, 403);
    let refused = site.session("vera", "twelve letters").await.err();
    assert_eq!(refused, Some((403, json!("account-disabled"))));
    let wrong = site.session("vera", "wrong").await.err();
    assert_eq!(wrong, Some((401, json!("login-wrong"))));
    let back = Some(json!({"is_disabled": false, "password": "another password"}));
    assert_eq!(site.status(patch(), path, &admin, back).await, 200);
    assert_eq!(site.status(Method::GET, "/me", &token, None).await, 200);
    site.session("vera", "another password").await.unwrap();
    for (path, body, status) in [
        (path, json!({}), 400),
        (path, json!({"role": "king"}), 400),
        (path, json!({"password": "short"}), 400),
        ("/users/admin", json!({"role": "viewer"}), 409),
        ("/users/admin", json!({"is_disabled": true}), 409),
    ] {
        let found = site.status(patch(), path, &admin, Some(body.clone())).await;
        assert_eq!(found, status, "{path} {body}");
    }
}

#[tokio::test]
async fn the_journal_keeps_what_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::new("127.0.0.1:0".parse().unwrap(), folder.path().to_path_buf());
    config.tls = Tls::Off;
    let start_at = "2026-01-01T00:00:00Z".parse().unwrap();
    config.clock = rt::Clock::following_tokio(start_at);
    config.retention = manager::Retention {
        age: Duration::from_hours(24),
        events_max: 5,
    };
    let clock = config.clock.clone();
    let running = start(config).await.unwrap();
    let store = running.manager().store();
    let event = |hours: i64| store::record::NewEvent {
        recorded_at: clock.now() - jiff::SignedDuration::from_hours(hours),
        server: None,
        server_name: None,
        actor: None,
        what: model::event::HostEvent {
            at: clock.now(),
            severity: model::event::Severity::Info,
            kind: "test".into(),
            text: format!("{hours} hours old"),
            target: None,
            raw: None,
        },
    };
    store
        .append([40, 30, 3, 2, 1].map(event).into())
        .await
        .unwrap();
    let left = async || {
        running.manager().forget_old_events().await.unwrap();
        let filter = store::record::EventFilter {
            limit: 100,
            ..store::record::EventFilter::default()
        };
        let found = store.events(filter).await.unwrap();
        found
            .into_iter()
            .map(|event| event.what.text)
            .collect::<Vec<_>>()
    };
    assert_eq!(left().await, ["1 hours old", "2 hours old", "3 hours old"]);
    store.append([0; 4].map(event).into()).await.unwrap();
    let newest = ["0 hours old"; 4].into_iter().chain(["1 hours old"]);
    assert_eq!(left().await, newest.collect::<Vec<_>>());
}

#[tokio::test]
async fn what_people_do_is_in_the_journal() {
    let site = site().await;
    let admin = site.token(Role::Admin).await;
    site.login("wrong").await;
    let (_, page, _) = site
        .call(Method::GET, "/events?severity=warning", &admin, None)
        .await;
    assert_eq!(page["items"][0]["kind"], "login.failed");
    let seq = page["items"][0]["seq"].as_u64().unwrap();
    let path = format!("/events?after={seq}");
    let (_, after, _) = site.call(Method::GET, &path, &admin, None).await;
    assert_eq!(after["items"], json!([]));
    let (status, _, _) = site
        .call(Method::GET, "/events?severity=loud", &admin, None)
        .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_spec_is_kept_by_versions_and_only_as_it_was_shown() {
    let site = site().await;
    let vera = site.token(Role::Operator).await;
    let text = "candela: 1\npolicy:\n  per_server_max: 2\n";
    let shown = json!({"spec": text});
    let (status, plan, _) = site.call(Method::POST, "/plan", &vera, Some(shown)).await;
    assert_eq!(status, 200, "{plan}");
    let (hash, base) = (plan["hash"].clone(), plan["base_version"].clone());
    assert_eq!(base, 0);
    let apply = |hash: Value, base: Value| json!({"spec": text, "base_version": base, "plan_hash": hash, "note": "slower"});
    let post = async |body| site.call(Method::POST, "/jobs", &vera, Some(body)).await;
    let (status, problem, _) = post(apply(json!("another"), base.clone())).await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (409, &json!("plan-changed"))
    );
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains(hash.as_str().unwrap())
    );
    let (status, made, _) = post(apply(hash.clone(), base.clone())).await;
    assert_eq!(
        (status.as_u16(), &made["spec_version"]),
        (200, &json!(1)),
        "{made}"
    );
    assert_eq!(made["id"], Value::Null, "there was nothing to do");
    let newer = json!({"spec": "candela: 1\n", "base_version": 0, "plan_hash": hash});
    let (status, problem, _) = post(newer).await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (409, &json!("conflict"))
    );
    let (_, kept, _) = site.call(Method::GET, "/spec", &vera, None).await;
    assert_eq!(
        (&kept["text"], &kept["note"]),
        (&json!(text), &json!("slower"))
    );
    let (_, page, _) = site.call(Method::GET, "/spec/versions", &vera, None).await;
    assert_eq!(
        (&page["total"], &page["items"][0]["version"]),
        (&json!(1), &json!(1))
    );
    let wrong = json!({"spec": "candela: 1\nserverz: []\n"});
    let (status, problem, _) = site.call(Method::POST, "/plan", &vera, Some(wrong)).await;
    assert_eq!(status, 400);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("line 2, column 1"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_secret_goes_in_and_only_its_name_comes_out() {
    let site = site().await;
    let admin = site.token(Role::Admin).await;
    let path = "/secrets/bmc%2Foss1";
    let body = json!({"secret": "swordfish"});
    let (status, answer, _) = site.call(Method::PUT, path, &admin, Some(body)).await;
    assert_eq!(status, 200, "{answer}");
    let (_, page, _) = site.call(Method::GET, "/secrets", &admin, None).await;
    assert_eq!(page["items"], json!([{"name": "bmc/oss1"}]));
    let (_, page, _) = site
        .call(Method::GET, "/events?kind=secret", &admin, None)
        .await;
    assert!(!page.to_string().contains("swordfish"), "{page}");
    assert_eq!(page["items"][0]["kind"], "secret.set");
}

#[tokio::test]
async fn what_cannot_be_read_is_a_problem_like_any_other() {
    let site = site().await;
    let who = site.token(Role::Operator).await;
    for (path, body) in [
        ("/plan", json!({"goals": [{"fly": {}}]})),
        ("/plan", json!(["no", "object"])),
        ("/filesystems/propose", json!({})),
    ] {
        let (status, problem, _) = site.call(Method::POST, path, &who, Some(body)).await;
        assert_eq!(
            (status.as_u16(), &problem["code"]),
            (400, &json!("bad-request")),
            "{path}"
        );
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "{problem}");
    }
    let (status, problem, _) = site
        .call(Method::GET, "/servers?limit=many", &who, None)
        .await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (400, &json!("bad-request"))
    );
    let (_, checked, _) = site
        .call(
            Method::POST,
            "/spec/check",
            &who,
            Some(json!({"spec": "servers: {"})),
        )
        .await;
    assert_eq!(checked["is_good"], false);
    let body = json!({"spec": "candela: 1\n"});
    let (_, diff, _) = site
        .call(Method::POST, "/spec/diff", &who, Some(body))
        .await;
    assert_eq!(
        diff["lines"],
        json!([{"mark": "added", "text": "candela: 1"}])
    );
}
