//! A container's image: looked for, pulled, and waited for where it cannot be pulled.

use chrono::TimeDelta;
use serde_json::Value;

use super::{Stepped, Walk, go_duration};
use crate::apimachinery::status::Status;
use crate::apimachinery::time::{self, Time};
use crate::control::kubelet::container::{BackOff, Stage};
use crate::control::kubelet::{container_status, image, known, life::text, network};
use crate::control::pace::{Fault, Step};
use crate::kinds::plan::{Action, EventRecord};
use crate::kinds::why;

impl Walk<'_, '_> {
    /// The image is on the node, or is being pulled from now on, or never will be.
    pub(super) fn look_for_image(&mut self, spec: &Value) -> Stepped {
        let name = text(spec, "image");
        if let Some(why) = image::name_problem(name) {
            return self.refuse(spec, "InvalidImageName", "InspectFailed", &why);
        }
        let present = network::has_image(self.pulled.as_ref().unwrap_or(self.node), name);
        match text(spec, "imagePullPolicy") {
            "Never" if !present => {
                let why = format!("Container image {name:?} is not present with pull policy of Never");
                return self.refuse(spec, "ErrImageNeverPull", "ErrImageNeverPull", &why);
            }
            policy if present && policy != "Always" => {
                self.event(spec, "Pulled", present_already(name));
                self.life_mut(spec).stage = Stage::Starting { since: self.now };
            }
            _ => {
                self.event(spec, "Pulling", pulling(name));
                self.life_mut(spec).stage = Stage::Pulling { since: self.now };
            }
        }
        Stepped::On
    }

    /// What is told of a present image that was looked at so many times more.
    pub(super) fn tell_of_image(&mut self, spec: &Value, times: i64) {
        let name = text(spec, "image");
        let told = match text(spec, "imagePullPolicy") {
            "Always" => vec![("Pulling", pulling(name)), ("Pulled", pulled(name, TimeDelta::zero()))],
            _ => vec![("Pulled", present_already(name))],
        };
        for (reason, message) in told {
            let record = EventRecord { times, ..self.record(spec, reason, message) };
            self.plan.push(Action::Event(record));
        }
    }

    /// The container waits for an image that no time will bring; told once.
    fn refuse(&mut self, spec: &Value, reason: &'static str, event: &'static str, why: &str) -> Stepped {
        if container_status::waiting_reason(&self.pod, text(spec, "name")) != Some(reason) {
            container_status::set_waiting(&mut self.pod, text(spec, "name"), reason, why);
            self.warn(spec, event, why.to_owned());
            self.warn(spec, "Failed", format!("Error: {reason}"));
        }
        self.because(spec, || why.to_owned());
        Stepped::Rest
    }

    pub(super) fn pull(&mut self, spec: &Value, since: Time) -> Stepped {
        let name = text(spec, "image");
        let present = network::has_image(self.pulled.as_ref().unwrap_or(self.node), name);
        let subject = known::subject(self.before, spec);
        let takes = if present { TimeDelta::zero() } else { self.pace.of_step_for(Step::ImagePull, &subject) };
        let is_nobodys = !present && image::is_nobodys(name) && !self.pace.says("images", "any");
        let is_missing = is_nobodys || self.pace.faults(&subject).any(|f| *f == Fault::ErrImagePull);
        let ready = time::later(since, takes);
        if self.now < ready {
            self.plan.requeue(ready);
            let now = self.now;
            self.because(spec, || format!("image {name} is pulled {} (the pace's image-pull)", why::at(ready, now)));
            return Stepped::Rest;
        }
        if is_missing {
            let why = image::not_found(name);
            self.warn(spec, "Failed", format!("Failed to pull image {name:?}: {why}"));
            self.warn(spec, "Failed", "Error: ErrImagePull".to_owned());
            container_status::set_waiting(&mut self.pod, text(spec, "name"), "ErrImagePull", &why);
            let now = self.now;
            let life = self.life_mut(spec);
            life.pulls = Some(BackOff::next(life.pulls, now, now));
            life.stage = Stage::PullFailed { since: now };
            return Stepped::Rest;
        }
        self.event(spec, "Pulled", pulled(name, takes));
        if !present {
            self.pulled = Some(network::with_image(self.pulled.as_ref().unwrap_or(self.node), name));
        }
        self.life_mut(spec).stage = Stage::Starting { since: self.now };
        Stepped::On
    }

    pub(super) fn hold_back_pull(&mut self, spec: &Value, failed: Time) -> Result<Stepped, Status> {
        let looks = failed + self.look(spec, Step::ImagePull);
        if self.now < looks {
            self.plan.requeue(looks);
            let image = text(spec, "image");
            self.because(spec, || format!("image {image} cannot be pulled: {}", image::not_found(image)));
            return Ok(Stepped::Rest);
        }
        let name = text(spec, "image");
        let why = format!("Back-off pulling image {name:?}");
        self.event(spec, "BackOff", why.clone());
        self.warn(spec, "Failed", "Error: ImagePullBackOff".to_owned());
        let why = format!("{why}: ErrImagePull: {}", image::not_found(name));
        container_status::set_waiting(&mut self.pod, text(spec, "name"), "ImagePullBackOff", &why);
        let Some(back_off) = self.life(spec).pulls else {
            self.life_mut(spec).stage = Stage::PullBackOff { until: looks };
            return Ok(Stepped::On);
        };
        let shift = self.fold(spec, back_off, failed)?.map_or(TimeDelta::zero(), |f| f.shift);
        let until = failed + back_off.delay() + shift;
        let life = self.life_mut(spec);
        life.pulls = Some(BackOff { since: back_off.since + shift, ..back_off });
        life.stage = Stage::PullBackOff { until };
        self.plan.requeue(until);
        Ok(Stepped::Rest)
    }
}

fn pulling(image: &str) -> String {
    format!("Pulling image {image:?}")
}

fn present_already(image: &str) -> String {
    format!("Container image {image:?} already present on machine and can be accessed by the pod")
}

fn pulled(image: &str, takes: TimeDelta) -> String {
    let (spent, bytes) = (go_duration(takes), network::image_size(image));
    format!("Successfully pulled image {image:?} in {spent} ({spent} including waiting). Image size: {bytes} bytes.")
}
