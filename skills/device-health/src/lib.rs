//! The device-health plugin: how the Linux device is that the host runs on.
//!
//! It reads a few files of `/proc` and `/sys`; what can't be read is reported as unavailable and
//! fails nothing else.

#![cfg_attr(not(test), no_std)]

extern crate alloc;
extern crate bare as _;

mod report;

use alloc::string::{String, ToString};
use json_text::Arguments;

wit_bindgen::generate!({ path: "../../wit", world: "plugin" });

struct DeviceHealth;

export!(DeviceHealth);

impl exports::plugin::Guest for DeviceHealth {
    fn init() -> Result<(), String> {
        Ok(())
    }

    fn execute_tool(tool_name: String, params_json: String) -> Result<String, String> {
        let report = match tool_name.as_str() {
            "device_health" => {
                Arguments::read("device_health", &params_json, &[])?;
                report::health()
            }
            "device_temperature" => {
                Arguments::read("device_temperature", &params_json, &[])?;
                report::temperature()
            }
            other => return Err(["device-health has no tool `", other, "`"].concat()),
        };
        Ok(report.to_text())
    }

    fn describe() -> String {
        include_str!("describe.json").to_string()
    }
}
