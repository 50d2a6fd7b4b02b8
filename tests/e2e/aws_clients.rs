//! AWS's APIs as AWS's own clients use them, unmodified: boto3 and the AWS CLI, with a key of a
//! namespace. What is asked and expected is in `tests/e2e/aws`, one file for each kind of promise.

use std::path::Path;
use std::time::Duration;

use lambent_test_support::toolchains::{npm_packages, python_packages};
use lambent_test_support::{guest, root};

use crate::cli::json;
use crate::javascript::install_javascript;
use crate::node::{Node, quiet, run_within};
use crate::python::install_python;
use crate::python_libraries::PURE;

/// How long the tests of one file may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// Every file, in the order in which they run.
const FILES: [&str; 6] =
    ["models", "lambda_api", "signatures", "day", "stream_mappings", "powertools"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_aws_do_what_they_do_there() {
    let installed = tokio::task::spawn_blocking(|| python_packages("aws-clients", &[])).await;
    let Some(clients) = installed.unwrap() else { return };
    // What functions of Python and JavaScript bring themselves.
    let powertools = tokio::task::spawn_blocking(|| {
        [
            ("POWERTOOLS_PYTHON", python_packages("powertools", PURE)),
            ("POWERTOOLS_JAVASCRIPT", npm_packages("powertools-js")),
            ("LIBRARIES_PYTHON", python_packages("python-libraries", PURE)),
        ]
    });
    let powertools = powertools.await.unwrap();
    let node = Node::start(&[]);
    let runtimes = [
        ("HAS_PYTHON", install_python(&node).await),
        ("HAS_JAVASCRIPT", install_javascript(&node).await),
    ];
    let key = json(&node, &["access-key", "create", "--description", "aws"]).await;
    let text = |name: &str| key[name].as_str().unwrap().to_owned();
    // All are built into one folder.
    let component = tokio::task::spawn_blocking(|| guest("echo-event")).await.unwrap();
    let components = component.parent().unwrap().to_owned();
    for file in FILES {
        let mut python = quiet(Path::new("python3"));
        python.arg("-m").arg("unittest").arg("-v").arg(file);
        python.current_dir(root().join("tests/e2e/aws"));
        python.env("PYTHONPATH", &clients).env("PYTHONDONTWRITEBYTECODE", "1");
        python.env("ENDPOINT", format!("http://{}", node.address));
        python.envs(runtimes.map(|(name, is_here)| (name, if is_here { "1" } else { "0" })));
        python.envs(powertools.iter().filter_map(|(name, path)| Some((name, path.as_ref()?))));
        python.env("KEY", text("id")).env("SECRET", text("secret"));
        python.env("COMPONENTS", &components);
        let done = tokio::task::spawn_blocking(|| run_within(python, PATIENCE)).await.unwrap();
        assert_eq!(done.code, Some(0), "{file}: {}\n{}\n{}", done.stdout, done.stderr, node.log());
        let ran =
            done.stderr.lines().any(|line| line.starts_with("Ran ") && !line.starts_with("Ran 0"));
        assert!(ran, "{file}: {}", done.stderr);
    }
}
