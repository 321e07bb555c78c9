// A bot on discord.js. It is told where Discord is by its environment: API_URL, CDN_URL, TOKEN, and COMPRESS
// for the gateway's compression. What it has seen it tells in Discord alone, where the test looks for it.
import {
  ActionRowBuilder,
  ApplicationCommandOptionType as Option,
  ButtonBuilder,
  ButtonStyle,
  Client,
  Events,
  GatewayIntentBits as Intents,
  MessageFlags,
  ModalBuilder,
  Partials,
  SimpleShardingStrategy,
  StringSelectMenuBuilder,
  TextInputBuilder,
  TextInputStyle,
} from "discord.js";

const { API_URL, CDN_URL, TOKEN, COMPRESS } = process.env;

const client = new Client({
  intents: [
    Intents.Guilds,
    Intents.GuildMembers,
    Intents.GuildMessages,
    Intents.GuildMessageReactions,
    Intents.DirectMessages,
    Intents.MessageContent,
  ],
  partials: [Partials.Channel],
  rest: { api: API_URL.replace(/\/v\d+$/, ""), cdn: CDN_URL },
  ws: {
    buildStrategy: (manager) => {
      manager.options.compression = COMPRESS || null;
      return new SimpleShardingStrategy(manager);
    },
  },
});

const COMMANDS = [
  {
    name: "greet",
    description: "Greet someone.",
    options: [
      { name: "who", description: "Whom", type: Option.User, required: true },
      { name: "times", description: "How often", type: Option.Integer, min_value: 1, max_value: 3 },
      { name: "quietly", description: "For your eyes only", type: Option.Boolean },
    ],
  },
  { name: "slow", description: "Think first." },
  {
    name: "pick",
    description: "Pick a fruit.",
    options: [
      { name: "fruit", description: "Which", type: Option.String, required: true, autocomplete: true },
    ],
  },
  { name: "panel", description: "Buttons and a select." },
];

const FRUITS = ["apple", "pear", "plum"];

function panel() {
  const buttons = new ActionRowBuilder().addComponents(
    new ButtonBuilder().setCustomId("press").setLabel("Press").setStyle(ButtonStyle.Primary),
    new ButtonBuilder().setCustomId("form").setLabel("Form").setStyle(ButtonStyle.Secondary),
  );
  const select = new ActionRowBuilder().addComponents(
    new StringSelectMenuBuilder()
      .setCustomId("colour")
      .setPlaceholder("Colour")
      .addOptions({ label: "Red", value: "r" }, { label: "Blue", value: "b" }),
  );
  return { content: "choose", components: [buttons, select] };
}

function form() {
  const field = new TextInputBuilder()
    .setCustomId("what")
    .setLabel("What happened?")
    .setStyle(TextInputStyle.Short);
  return new ModalBuilder()
    .setCustomId("report")
    .setTitle("Report")
    .addComponents(new ActionRowBuilder().addComponents(field));
}

/** What the cache holds of a guild after log-in. */
function seen(guild) {
  const names = (collection, of) => collection.map(of).sort().join(",");
  return [
    guild.name,
    names(guild.channels.cache, (channel) => channel.name),
    names(guild.roles.cache, (role) => role.name),
    names(guild.members.cache, (member) => member.user.username),
  ].join(" | ");
}

const SAID = {
  ping: (message) => message.reply("pong"),
  "what do you see?": (message) => message.reply(seen(message.guild)),
  "who is here?": async (message) => {
    const members = await message.guild.members.fetch();
    await message.reply(
      members
        .map((member) => member.user.username)
        .sort()
        .join(","),
    );
  },
  "who are you?": async (message) => {
    const application = await client.application.fetch();
    await message.reply(
      `${client.user.username} of ${application.name}, owned by ${application.owner.username}`,
    );
  },
  "show me": async (message) => {
    const sent = await message.channel.send({
      content: "a file",
      embeds: [{ title: "Title", fields: [{ name: "n", value: "v" }] }],
      files: [{ attachment: Buffer.from("inside"), name: "note.txt" }],
    });
    const file = await fetch(sent.attachments.first().url);
    await sent.edit(`a file with "${await file.text()}" in it`);
    await sent.react("👍");
    const history = await message.channel.messages.fetch({ limit: 2 });
    const thread = await message.startThread({ name: "talk" });
    await thread.send(`there are ${history.size} before`);
  },
};

const RUN = {
  greet: (interaction) => {
    const who = interaction.options.getUser("who");
    const times = interaction.options.getInteger("times") ?? 1;
    const flags = interaction.options.getBoolean("quietly") ? MessageFlags.Ephemeral : undefined;
    return interaction.reply({ content: `hello ${who.username} `.repeat(times).trim(), flags });
  },
  slow: async (interaction) => {
    await interaction.deferReply();
    await interaction.editReply("thought");
    await interaction.followUp({ content: "and more", flags: MessageFlags.Ephemeral });
  },
  pick: (interaction) => interaction.reply(interaction.options.getString("fruit")),
  panel: async (interaction) => {
    const answer = await interaction.reply({ ...panel(), withResponse: true });
    if (!answer.resource.message.components.length) throw new Error("the answer has no components");
  },
};

const USED = {
  press: (interaction) => interaction.update({ content: "pressed", components: [] }),
  form: (interaction) => interaction.showModal(form()),
  colour: (interaction) =>
    interaction.reply({ content: `chose ${interaction.values[0]}`, flags: MessageFlags.Ephemeral }),
};

function run(interaction) {
  if (interaction.isChatInputCommand()) return RUN[interaction.commandName](interaction);
  if (interaction.isAutocomplete()) {
    const typed = interaction.options.getFocused();
    const fitting = FRUITS.filter((fruit) => fruit.startsWith(typed));
    return interaction.respond(fitting.map((fruit) => ({ name: fruit, value: fruit })));
  }
  if (interaction.isModalSubmit()) {
    const content = `noted: ${interaction.fields.getTextInputValue("what")}`;
    return interaction.reply({ content, flags: MessageFlags.Ephemeral });
  }
  return USED[interaction.customId](interaction);
}

client.on(Events.ClientReady, () => client.application.commands.set(COMMANDS));
client.on(Events.MessageCreate, (message) => message.author.bot || SAID[message.content]?.(message));
client.on(Events.InteractionCreate, run);
client.on(Events.ShardResume, (_, replayed) => {
  const channel = client.channels.cache.find(({ name }) => name === "help");
  return channel.send(`resumed, ${replayed} replayed`);
});
// Whatever fails ends the process: the test shows why.
process.on("unhandledRejection", (reason) => {
  console.error(reason);
  process.exit(1);
});
process.stdin.resume().on("end", () => process.exit(0)); // the test is over
await client.login(TOKEN);
