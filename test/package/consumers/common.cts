// A user's program in CommonJS.
import bank = require("empreinte/bank");
import empreinte = require("empreinte");
import evaluation = require("empreinte/evaluate");
import lists = require("empreinte/lists");
import local = require("empreinte/local");
import video = require("empreinte/video");

const distance: number = empreinte.hashDistance("0".repeat(64), "f".repeat(64));
const all = [bank.BankStore, evaluation.evaluate, lists.openList, local.LocalIndex, video.hashVideo].every(
  (one) => typeof one === "function",
);
console.log(JSON.stringify({ distance, all }));
