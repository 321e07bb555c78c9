// A few hundred emoji by category, each with the words it is found by. No DOM in here.

const GROUPS = {
  Faces: `😀 grinning happy|😃 smiley happy|😄 smile happy|😁 grin|😆 laughing xd|😅 sweat smile relief|🤣 rofl rolling|😂 joy tears laughing|🙂 slight smile|🙃 upside down
😉 wink|😊 blush|😇 innocent angel|🥰 hearts love|😍 heart eyes love|🤩 star struck|😘 kiss|😋 yum tasty|😛 tongue|😜 winking tongue|🤪 zany crazy|🤗 hug|🤭 oops giggle|🤫 shush quiet|🤔 thinking hmm
🫡 salute|🤐 zipper mouth|🤨 raised eyebrow|😐 neutral|😑 expressionless|😶 no mouth|😏 smirk|😒 unamused|🙄 rolling eyes|😬 grimacing|😮‍💨 exhale sigh|😌 relieved|😔 pensive sad|😪 sleepy|😴 sleeping zzz
😷 mask ill|🤒 thermometer ill|🤕 bandage hurt|🤢 nauseated|🤮 vomit|🤧 sneeze|🥵 hot|🥶 cold|🥴 woozy|😵 dizzy|🤯 exploding head mind blown|🤠 cowboy|🥳 party celebrate|🥸 disguise|😎 sunglasses cool
🤓 nerd glasses|🧐 monocle|😕 confused|🫤 diagonal mouth|😟 worried|🙁 slight frown|☹️ frowning|😮 open mouth surprised|😯 hushed|😲 astonished|😳 flushed|🥺 pleading please|😦 frown open|😨 fearful|😰 anxious
😥 sad relieved|😢 cry tear|😭 sob crying|😱 scream|😖 confounded|😣 persevere|😞 disappointed|😓 downcast sweat|😩 weary|😫 tired|🥱 yawn|😤 triumph steam|😡 rage angry|😠 angry|🤬 cursing|😈 devil
💀 skull dead|💩 poop|🤡 clown|👻 ghost|👽 alien|🤖 robot bot|😺 cat smile|😹 cat joy|😻 cat heart eyes|🙈 see no evil monkey|🙉 hear no evil|🙊 speak no evil`,
  Hands: `👋 wave hello hi bye|🤚 raised back hand|✋ raised hand stop|🖖 vulcan|👌 ok perfect|🤌 pinched fingers|🤏 pinching|✌️ victory peace|🤞 fingers crossed luck|🤟 love you|🤘 horns rock|🤙 call me
👈 point left|👉 point right|👆 point up|👇 point down|☝️ index up|👍 thumbs up yes good +1|👎 thumbs down no bad -1|✊ fist|👊 punch|🤛 left fist|🤜 right fist|👏 clap applause|🙌 raised hands hooray
🫶 heart hands|👐 open hands|🤲 palms|🤝 handshake deal|🙏 pray please thanks|✍️ writing|💪 muscle strong|🧠 brain|👀 eyes look|👁️ eye|👄 mouth|🤷 shrug|🤦 facepalm|🙋 raising hand question|🙇 bow sorry|💁 tipping hand info`,
  People: `👶 baby|🧒 child|👩 woman|👨 man|🧑 person|👵 grandmother|👴 grandfather|👮 police|🕵️ detective|👷 builder worker|🧑‍💻 developer coder|🧑‍🔧 mechanic|🧑‍🏫 teacher|🧑‍🎨 artist|🧑‍🚀 astronaut|🧙 wizard mage|🧚 fairy|🧛 vampire|🧟 zombie
🏃 running|🚶 walking|💃 dancing|🕺 dance|🧘 meditation yoga|🏋️ weights|🚴 cycling|🏊 swimming|👨‍👩‍👧 family|👥 people group|🗣️ speaking`,
  Nature: `🐶 dog|🐱 cat|🐭 mouse|🐹 hamster|🐰 rabbit bunny|🦊 fox|🐻 bear|🐼 panda|🐨 koala|🐯 tiger|🦁 lion|🐮 cow|🐷 pig|🐸 frog|🐵 monkey|🐔 chicken|🐧 penguin|🐦 bird|🦆 duck|🦉 owl|🐺 wolf|🐴 horse|🦄 unicorn|🐝 bee|🐛 bug caterpillar|🦋 butterfly
🐌 snail|🐞 ladybug|🐢 turtle|🐍 snake python|🦖 dinosaur t-rex|🐙 octopus|🦀 crab rust|🐠 fish|🐬 dolphin|🐳 whale docker|🦈 shark|🐘 elephant|🦔 hedgehog|🐾 paws|🌵 cactus|🎄 christmas tree|🌲 tree|🌳 tree|🌴 palm|🌱 seedling sprout|🍀 clover luck|🍁 maple leaf autumn
🍄 mushroom|🌸 blossom|🌹 rose|🌻 sunflower|🌍 earth world globe|🌙 moon|⭐ star|🌟 glowing star|✨ sparkles new shiny|⚡ lightning zap fast|🔥 fire hot lit|💥 boom collision|🌈 rainbow|☀️ sun|⛅ cloud sun|🌧️ rain|❄️ snow|☃️ snowman|💧 drop water|🌊 wave sea`,
  Food: `🍎 apple|🍐 pear|🍊 orange|🍋 lemon|🍌 banana|🍉 watermelon|🍇 grapes|🍓 strawberry|🍒 cherries|🍑 peach|🥭 mango|🍍 pineapple|🥥 coconut|🥝 kiwi|🍅 tomato|🥑 avocado|🥦 broccoli|🌽 corn|🥕 carrot|🥔 potato|🍞 bread|🥐 croissant|🧀 cheese|🥚 egg|🥓 bacon|🥞 pancakes
🍔 burger|🍟 fries|🍕 pizza|🌭 hot dog|🌮 taco|🍣 sushi|🍜 noodles ramen|🍝 spaghetti|🍚 rice|🍿 popcorn|🍩 donut|🍪 cookie|🎂 birthday cake|🍰 cake|🍫 chocolate|🍬 candy|🍭 lollipop|🍯 honey|☕ coffee tea|🍵 tea|🍺 beer|🍻 cheers beers|🥂 champagne cheers|🍷 wine|🥤 drink cup`,
  Activities: `⚽ football soccer|🏀 basketball|🏈 american football|🎾 tennis|🏐 volleyball|🎱 pool billiards|🏓 table tennis ping pong|🏆 trophy win|🥇 gold first medal|🥈 silver second|🥉 bronze third|🎮 game controller|🕹️ joystick|🎲 dice|🧩 puzzle|♟️ chess|🎯 target dart bullseye|🎨 art palette
🎭 theatre|🎤 microphone|🎧 headphones|🎵 music note|🎶 music notes|🎸 guitar|🎹 piano|🥁 drum|🎬 film clapper|🎉 tada party celebrate|🎊 confetti|🎁 gift present|🎈 balloon|🎃 pumpkin halloween`,
  Travel: `🚗 car|🚕 taxi|🚌 bus|🚓 police car|🚑 ambulance|🚒 fire engine|🚚 truck|🚲 bicycle|🛴 scooter|🚆 train|✈️ plane|🚀 rocket launch ship|🛸 ufo|🚁 helicopter|⛵ sailboat|🚢 ship|⚓ anchor|🚧 construction wip|🚦 traffic light|🏠 house home|🏢 office|🏥 hospital|🏫 school|🏰 castle
🗼 tower|🗽 liberty|⛺ tent|🏖️ beach|🏔️ mountain|🌋 volcano|🗺️ map|🧭 compass`,
  Objects: `⌚ watch|📱 phone|💻 laptop computer|⌨️ keyboard|🖥️ desktop|🖨️ printer|🖱️ mouse|💾 floppy save|💿 disc|📷 camera|🎥 film camera|📺 tv|🔋 battery|🔌 plug|💡 idea bulb light|🔦 torch|🕯️ candle|🗑️ trash bin|💰 money bag|💸 money wings|💎 gem diamond|⚖️ scales law|🔧 wrench fix|🔨 hammer|🛠️ tools
⚙️ gear settings|🔩 bolt|🧱 brick|🧲 magnet|🧪 test tube|🔬 microscope|🔭 telescope|📡 satellite|💊 pill|🩹 plaster fix|🔑 key|🔒 lock closed|🔓 unlock open|🚪 door|🛒 cart|📦 package box|📫 mailbox|📧 email|✉️ envelope|📝 memo note write|📄 page document|📅 calendar|📌 pin|📎 paperclip|✂️ scissors|📁 folder
📊 chart bars|📈 chart up|📉 chart down|📚 books|📖 book read|🔖 bookmark|🏷️ label tag|🔍 search magnifier|🔔 bell|🔕 bell off mute|📢 loudspeaker announce|📣 megaphone|⏰ alarm clock|⏳ hourglass wait|🕐 clock one|🧹 broom clean|🛡️ shield|🗳️ ballot vote`,
  Symbols: `❤️ heart red love|🧡 orange heart|💛 yellow heart|💚 green heart|💙 blue heart|💜 purple heart|🖤 black heart|🤍 white heart|💔 broken heart|💕 two hearts|💯 hundred|💢 anger|💬 speech|💭 thought|💤 zzz sleep|✅ check done yes|☑️ checkbox|✔️ check mark|❌ cross no x|❎ cross box|➕ plus|➖ minus|❓ question|❔ question white
❗ exclamation|⁉️ interrobang|⚠️ warning|🚫 prohibited no|⛔ no entry|🛑 stop|♻️ recycle|🔄 refresh again|🔁 repeat|🔀 shuffle|▶️ play|⏸️ pause|⏹️ stop square|⏭️ next|⏮️ previous|⬆️ up|⬇️ down|⬅️ left|➡️ right|↩️ back return|🆕 new|🆗 ok|🆒 cool|🆘 sos help|🔴 red circle|🟠 orange circle|🟡 yellow circle|🟢 green circle
🔵 blue circle|🟣 purple circle|⚫ black circle|⚪ white circle|🟥 red square|🟧 orange square|🟨 yellow square|🟩 green square|🟦 blue square|🔶 diamond orange|🔷 diamond blue|0️⃣ zero|1️⃣ one|2️⃣ two|3️⃣ three|4️⃣ four|5️⃣ five|6️⃣ six|7️⃣ seven|8️⃣ eight|9️⃣ nine|🔟 ten|#️⃣ hash|ℹ️ info|©️ copyright|™️ trademark|♾️ infinity`,
  Flags: `🏁 finish|🚩 red flag|🏴 black flag|🏳️ white flag|🏳️‍🌈 rainbow pride|🏴‍☠️ pirate|🇦🇹 austria|🇦🇺 australia|🇧🇪 belgium|🇧🇷 brazil|🇨🇦 canada|🇨🇭 switzerland|🇨🇳 china|🇨🇿 czech|🇩🇪 germany|🇩🇰 denmark|🇪🇸 spain|🇪🇺 europe|🇫🇮 finland|🇫🇷 france|🇬🇧 britain uk|🇬🇷 greece|🇮🇪 ireland|🇮🇳 india|🇮🇹 italy|🇯🇵 japan
🇰🇷 korea|🇲🇽 mexico|🇳🇱 netherlands|🇳🇴 norway|🇳🇿 new zealand|🇵🇱 poland|🇵🇹 portugal|🇸🇪 sweden|🇹🇷 turkey|🇺🇦 ukraine|🇺🇸 usa|🇿🇦 south africa`,
};
const MOST_RECENT = 24;
const RECENT = "recent-emoji";

/** [{name, emoji: [{character, name, words}]}] */
export const CATEGORIES = Object.entries(GROUPS).map(([name, text]) => ({
  name,
  emoji: text.split(/[|\n]/).map((entry) => {
    const [character, ...words] = entry.split(" ");
    return { character, name: words[0], words: words.join(" ") };
  }),
}));

const ALL = CATEGORIES.flatMap((category) => category.emoji);

/** The emoji found by words; those whose name begins with them first. */
export function findEmoji(query, limit = 60) {
  const words = query
    .toLowerCase()
    .split(/[\s_:]+/)
    .filter(Boolean);
  if (!words.length) return [];
  const found = ALL.filter((emoji) =>
    words.every((word) => emoji.words.includes(word) || emoji.character === word),
  );
  const rank = (emoji) =>
    emoji.name.startsWith(words[0]) ? 0 : emoji.words.includes(` ${words[0]}`) ? 1 : 2;
  return found.sort((a, b) => rank(a) - rank(b)).slice(0, limit);
}

/** The emoji picked lately, newest first. `storage` is the browser's. */
export function recentEmoji(storage) {
  const known = new Map(ALL.map((emoji) => [emoji.character, emoji]));
  return (storage.getItem(RECENT) ?? "")
    .split(" ")
    .map((character) => known.get(character))
    .filter(Boolean);
}

/** Remembers an emoji as the newest picked. */
export function rememberEmoji(storage, character) {
  const others = recentEmoji(storage)
    .map((emoji) => emoji.character)
    .filter((item) => item !== character);
  storage.setItem(RECENT, [character, ...others].slice(0, MOST_RECENT).join(" "));
}
